import { type Clock, ContainerBuilderError, type Logger } from '../../spec/index.js';
import { backoffMs } from '../../time/backoff.js';
import { pause } from '../../time/pause.js';
import type { QueueStep } from '../records/queue-steps.js';
import type { ProviderCalls } from './provider-calls.js';

const DESTROY_PAUSES = { firstMs: 1_000, maxMs: 60_000 };
const CONFIRM_PAUSES = { firstMs: 250, maxMs: 15_000 };
/** A machine that is still there, and not even being deleted, so many looks after it was said to be gone. */
const LOOKS_UNTIL_AGAIN = 4;
/** One that is new may be on its way into the list: so often in a row it must be missing. */
const NEW_PAUSES = { firstMs: 500, maxMs: 1_000 };
const MISSES_OF_NEW = 5;

/** What {@link destroyMachine} works with. */
export interface DestroyOptions {
	readonly builderId: string;
	/** The provider's own id, where it is known. */
	readonly machineId: string | undefined;
	/** Whether it was made a moment ago, or nobody knows whether it was: the list may not show it yet. */
	readonly isNew: boolean;
	readonly calls: ProviderCalls;
	readonly clock: Clock;
	readonly logger: Logger;
	/** Aborts when what is left is to stay. */
	readonly signal: AbortSignal;
	readonly step: (step: QueueStep) => void;
	/** Told why it is not gone yet, for people. */
	readonly onFault: (message: string) => void;
}

/**
 * Destroys a builder's machine, however often that takes, until the provider's own list has it no more: an answer
 * alone is not believed. Resolves with false where the signal aborted before.
 */
export async function destroyMachine(options: DestroyOptions): Promise<boolean> {
	const { builderId, machineId, calls, clock, logger, signal, step, onFault } = options;
	for (let failures = 1; !signal.aborted; failures++) {
		try {
			await calls.destroy(builderId, machineId, () => step('destroy-sent'));
			step('destroy-answered');
			await confirmGone(options);
			step('destroy-confirmed');
			return true;
		} catch (error) {
			if (signal.aborted) return false;
			const { message } = ContainerBuilderError.from(error);
			onFault(message);
			logger.warn({ builder: builderId, failures }, `cannot destroy a builder: ${message}`);
			await pause(clock, backoffMs(failures, DESTROY_PAUSES), signal).catch(() => {});
		}
	}
	return false;
}

async function confirmGone(options: DestroyOptions): Promise<void> {
	const { builderId, isNew, calls, clock, signal } = options;
	let misses = isNew ? MISSES_OF_NEW : 1;
	for (let looks = 1; ; looks++) {
		const machines = await calls.listAnew();
		const machine = machines.find((one) => one.builderId === builderId);
		if (machine === undefined) {
			if (--misses === 0) return;
			await pause(clock, backoffMs(looks, NEW_PAUSES), signal);
			continue;
		}
		misses = 1;
		if (machine.state !== 'deleting' && looks >= LOOKS_UNTIL_AGAIN) {
			throw new ContainerBuilderError(
				'provider-unavailable',
				'the provider said it is gone, and lists it still',
			);
		}
		await pause(clock, backoffMs(looks, CONFIRM_PAUSES), signal);
	}
}
