import type { Architecture, CheckoutEvent } from '../../spec/index.js';
import type { CheckoutHandle } from './checkout-handle.js';
import type { LineEntry } from './line-entry.js';

/** One build that waits, with all who wait for it. */
export interface WaitingBuild extends LineEntry {
	readonly buildId: string;
	readonly pool: string;
	readonly architecture: Architecture;
	readonly handles: Set<CheckoutHandle>;
	/** What was told last, to tell changes only; undefined where somebody has heard nothing yet. */
	told: Extract<CheckoutEvent, { type: 'place' }> | undefined;
	/** Lets the process end, as far as this wait is concerned. */
	readonly letGo: () => void;
}
