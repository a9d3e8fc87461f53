import { abortable } from '../../concurrency/abortable.js';
import { type Clock, ContainerBuilderError, type Endpoint, type Machine } from '../../spec/index.js';
import { backoffMs } from '../../time/backoff.js';
import { pause } from '../../time/pause.js';
import { withTimeLimit } from '../../time/time-limit.js';
import type { ProviderCalls } from './provider-calls.js';

const LOOK_PAUSES = { firstMs: 500, maxMs: 5_000 };
/** A machine of which nobody knows whether it was made appears within seconds, or never. */
const UNSURE_PAUSES = { firstMs: 500, maxMs: 1_000 };
/** How many lists in a row must lack a machine: a list may tell what was true a moment ago. */
const MISSES_UNTIL_GONE = 2;
/** The same for one whose making nobody saw the end of: it may appear late. */
const MISSES_UNTIL_UNMADE = 5;
/** Who asks whether a machine still runs has better to do than to wait for a list. */
const CONFIRM_LIMIT_MS = 5_000;

/** A machine of which it is known where its daemon answers. */
export type Reachable = Pick<Machine, 'id' | 'imageId'> & {
	readonly endpoint: Endpoint;
	/** Absent: as before. */
	readonly reach?: Machine['reach'] | undefined;
};

/** What {@link findEndpoint} goes by. */
export interface EndpointLookUp {
	readonly builderId: string;
	/** As it was made; undefined where nobody knows whether it was. */
	readonly machine: Machine | undefined;
	readonly calls: ProviderCalls;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	/** Told of lists that failed; they are asked for again. */
	readonly onFailure: (error: unknown) => void;
}

/**
 * Where the machine's daemon will answer. Rejects with `machine-failed` where the machine has failed, or was never
 * made.
 */
export async function findEndpoint(lookUp: EndpointLookUp): Promise<Reachable> {
	const { builderId, calls, clock, signal } = lookUp;
	let machine = lookUp.machine;
	let misses = 0;
	for (let looks = 1; ; looks++) {
		if (machine?.state === 'failed') throw failed(machine);
		if (machine?.endpoint !== undefined) return { ...machine, endpoint: machine.endpoint };
		if (misses >= MISSES_UNTIL_UNMADE) {
			throw new ContainerBuilderError('machine-failed', 'its machine was asked for, and never made');
		}
		const pauses = lookUp.machine === undefined ? UNSURE_PAUSES : LOOK_PAUSES;
		await pause(clock, backoffMs(looks, pauses), signal);
		try {
			const machines = await abortable(calls.list(), signal);
			machine = machines.find((one) => one.builderId === builderId);
			if (machine === undefined && lookUp.machine === undefined) misses++;
		} catch (error) {
			if (signal.aborted) throw error;
			lookUp.onFailure(error);
		}
	}
}

/**
 * Rejects with `machine-failed` where the provider says that the machine has failed or, several times in a row,
 * that there is none. A provider that cannot tell, or not soon, is believed to have it.
 */
export async function confirmMachine(
	{ builderId, calls, clock, signal }: Pick<EndpointLookUp, 'builderId' | 'calls' | 'clock' | 'signal'>,
	misses: { count: number },
): Promise<void> {
	let machines: readonly Machine[];
	const onTimeout = (): ContainerBuilderError =>
		new ContainerBuilderError('provider-unavailable', 'the provider takes too long to tell');
	try {
		machines = await withTimeLimit({ clock, limitMs: CONFIRM_LIMIT_MS, signal, onTimeout }, () =>
			calls.list(),
		);
	} catch {
		return;
	}
	const machine = machines.find((one) => one.builderId === builderId);
	if (machine?.state === 'failed') throw failed(machine);
	misses.count = machine === undefined ? misses.count + 1 : 0;
	if (misses.count >= MISSES_UNTIL_GONE) {
		throw new ContainerBuilderError('machine-failed', 'its machine is gone');
	}
}

function failed(machine: Machine): ContainerBuilderError {
	const fault = machine.fault === undefined ? '' : `: ${machine.fault}`;
	return new ContainerBuilderError('machine-failed', `the machine has failed${fault}`);
}
