import type { CheckoutEvent, ContainerBuilderError } from '../../spec/index.js';

/** What the reason of a wait goes by. */
export interface WaitReasonInput {
	/** 1 is next. */
	readonly place: number;
	/** Whether the queue has looked at what was there before. */
	readonly started: boolean;
	/** What the start failed with last. */
	readonly startError: ContainerBuilderError | undefined;
	/** Failures of the provider in a row, refusals for quota not among them; and what it failed with last. */
	readonly failures: number;
	readonly error: ContainerBuilderError | undefined;
	/** What the builders that are being made say of themselves, oldest first. */
	readonly starting: readonly (string | undefined)[];
	/** How many more could be made. */
	readonly room: number;
	/** Whether that is so because the provider has no room. */
	readonly isFull: boolean;
}

/** Why the checkout at a place waits, with what is being done about it. Pure. */
export function waitReason(
	input: WaitReasonInput,
): Pick<Extract<CheckoutEvent, { type: 'place' }>, 'reason' | 'detail'> {
	const { place, starting, failures, error } = input;
	if (!input.started) {
		return input.startError === undefined
			? { reason: 'queue-starting' }
			: { reason: 'provider-failing', detail: input.startError.message };
	}
	const hasBuilder = place <= starting.length;
	if (failures > 1 || (failures > 0 && !hasBuilder)) {
		return { reason: 'provider-failing', detail: error?.message };
	}
	if (hasBuilder) return { reason: 'builder-starting', detail: starting[place - 1] };
	if (place - starting.length <= input.room) return { reason: 'builder-starting' };
	if (!input.isFull) return { reason: 'all-builders-busy' };
	const refused = error?.code === 'provider-quota' ? `: ${error.message}` : '';
	return { reason: 'all-builders-busy', detail: `there is no room for more builders now${refused}` };
}
