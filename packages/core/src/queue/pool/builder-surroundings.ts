import type { Clock, ContainerBuilderError, Logger, PoolBuilderState, Transport } from '../../spec/index.js';
import type { QueueNews } from '../event-log.js';
import type { QueueRecords } from '../records/queue-records.js';
import type { QueueStep } from '../records/queue-steps.js';
import type { PoolSettings } from './pool-settings.js';
import type { PooledBuilder } from './pooled-builder.js';
import type { ProviderCalls } from './provider-calls.js';

/** What all builders of a pool share. */
export interface BuilderSurroundings {
	readonly calls: ProviderCalls;
	readonly records: QueueRecords;
	readonly transports: readonly Transport[];
	readonly clock: Clock;
	readonly logger: Logger;
	readonly owner: string;
	readonly pool: PoolSettings;
	readonly redialGraceMs: number;
	readonly probeMs: number;
	readonly insecure: boolean;
	/** Whether builders are to be ready for the site's registry logins. */
	readonly sendsLogins: boolean;
	/** Aborts when the pool gives up altogether: what is left then stays. */
	readonly signal: AbortSignal;
	publish(news: QueueNews): void;
	step(step: QueueStep): void;
	/** Called after each change of a builder's state, and with progress. */
	onChange(builder: PooledBuilder): void;
	/** Called when a builder has failed, with the state it had. */
	onFailure(builder: PooledBuilder, error: ContainerBuilderError, from: PoolBuilderState): void;
}
