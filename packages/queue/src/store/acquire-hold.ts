import { abortable, type Clock, canceledError } from '@olcf/container-builder-core';
import type { HoldRecord } from './hold-record.js';
import { type HolderProcess, isGone } from './holder-process.js';
import { HolderWatch } from './holder-watch.js';
import type { StoreEnvironment } from './store-environment.js';

/** Between two looks at who holds a name. */
const LOOK_MS = 250;

/** Who wants to hold what. */
export interface HoldRequest {
	readonly environment: StoreEnvironment;
	/** As it is in the file. */
	readonly name: Buffer;
	readonly ttlMs: number;
	readonly process: HolderProcess | null;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}

/**
 * Waits until nobody holds the name: it was given back, its holder's process is gone, or was silent for too long.
 * Rejects with `canceled` when the signal aborts, and then holds nothing.
 */
export async function acquireHold(request: HoldRequest): Promise<HoldRecord> {
	const { environment, name, clock, signal } = request;
	const watch = new HolderWatch(2 * LOOK_MS);
	// The clock does not keep the process alive; a standby has nothing else that does.
	const alive = setInterval(() => {}, 2 ** 30);
	try {
		for (;;) {
			const found = await abortable(
				environment.transact((transaction) => transaction.hold(name)),
				signal,
			);
			if (found === undefined || (await mayBeTaken(found, watch, request))) {
				const taken = await take(found, request);
				if (taken !== undefined) return taken;
			}
			await pause(clock, signal);
		}
	} finally {
		clearInterval(alive);
	}
}

async function mayBeTaken(
	found: HoldRecord,
	watch: HolderWatch,
	{ clock, process }: HoldRequest,
): Promise<boolean> {
	return watch.look(found, clock.now()) >= found.ttlMs || (await isGone(found.process, process));
}

/** Becomes the holder where nothing has changed since; undefined where somebody else was faster. */
async function take(found: HoldRecord | undefined, request: HoldRequest): Promise<HoldRecord | undefined> {
	const { environment, name, ttlMs, process, signal } = request;
	let taken: HoldRecord | undefined;
	const taking = environment.transact((transaction) => {
		const current = transaction.hold(name);
		if (signal.aborted || current?.fence !== found?.fence || current?.beat !== found?.beat) return undefined;
		taken = { fence: transaction.nextFence(), beat: 0, ttlMs, process };
		transaction.putHold(name, taken);
		return taken;
	});
	try {
		return await abortable(taking, signal);
	} catch (error) {
		// Too late to hold it, too early to be sure that it is not held.
		if (taken !== undefined && (await taking.catch(() => undefined))) {
			await giveBack(environment, name, taken.fence);
		}
		throw error;
	}
}

/** Ends a hold, where it is still that one. */
export function giveBack(environment: StoreEnvironment, name: Buffer, fence: number): Promise<void> {
	return environment.transact((transaction) => {
		if (transaction.hold(name)?.fence === fence) transaction.removeHold(name);
	});
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const onAbort = (): void => {
			cancel();
			reject(canceledError(signal));
		};
		const cancel = clock.schedule(() => {
			signal.removeEventListener('abort', onAbort);
			resolve();
		}, LOOK_MS);
		signal.addEventListener('abort', onAbort, { once: true });
	});
}
