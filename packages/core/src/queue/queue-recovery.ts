import { abortable } from '../concurrency/abortable.js';
import { type Deferred, deferred } from '../concurrency/deferred.js';
import { type BuildState, type Clock, ContainerBuilderError, type Logger } from '../spec/index.js';
import type { BuildBook } from './leases/build-book.js';
import type { LeaseDesk } from './leases/lease-desk.js';
import type { WaitingRoom } from './line/waiting-room.js';
import type { PoolSet } from './pool/pool-set.js';
import type { BuilderRecord } from './records/builder-record.js';
import type { QueueMemory, QueueRecords } from './records/queue-records.js';

/** How long those who were in line have to come back. */
const RETURN_MS = 120_000;
const RUNNING: readonly BuildState[] = ['connecting', 'uploading', 'building', 'built', 'downloading'];

/** What a recovery is made of. */
export interface QueueRecoveryOptions {
	readonly clock: Clock;
	readonly logger: Logger;
	readonly records: QueueRecords;
	readonly builds: BuildBook;
	readonly desk: LeaseDesk;
	readonly room: WaitingRoom;
	readonly pools: PoolSet;
}

/** Goes on where an earlier process of the queue has stopped, however it stopped. */
export class QueueRecovery {
	readonly #options: QueueRecoveryOptions;
	readonly #done: Deferred<void> = deferred();
	#recovering: Promise<void> | undefined;
	#isDone = false;

	constructor(options: QueueRecoveryOptions) {
		this.#options = options;
		this.#done.promise.catch(() => {});
	}

	/** Whether all is known that was. */
	get isDone(): boolean {
		return this.#isDone;
	}

	/** Resolves when all is known that was. */
	async done(signal: AbortSignal | undefined): Promise<void> {
		if (!this.#isDone) await abortable(this.#done.promise, signal);
	}

	/**
	 * Waits until no other process is this owner's queue, reads what was written down, and goes on with it. Once; where it
	 * rejects it can be called again. `onLost`: another process is the queue now.
	 */
	recover(signal: AbortSignal, onLost: () => void): Promise<void> {
		this.#recovering ??= this.#recover(signal, onLost).catch((error: unknown) => {
			this.#recovering = undefined;
			if (signal.aborted) this.#done.reject(error);
			throw error;
		});
		return this.#recovering;
	}

	async #recover(signal: AbortSignal, onLost: () => void): Promise<void> {
		const { records, builds, room, clock, logger } = this.#options;
		await records.open(signal, onLost);
		const memory = await records.read();
		builds.restore(memory.builds);
		room.restore(memory.usage);
		const builders = memory.builders.filter((record) => this.#adopt(record));
		this.#endLost(memory);
		if (builders.length > 0) {
			logger.info({ builders: builders.length }, 'goes on with builders of an earlier process');
		}
		if (memory.builds.some(({ state }) => state === 'queued')) {
			clock.schedule(() => this.#endUnreturned(memory), RETURN_MS);
		}
		this.#isDone = true;
		this.#done.resolve();
	}

	/** Whether there is a pool that it can be of. */
	#adopt(record: BuilderRecord): boolean {
		const { pools, desk, builds, logger } = this.#options;
		const { lease, builderId } = record;
		const state = lease && builds.find(lease.buildId)?.state;
		const isOver = state !== undefined && !RUNNING.includes(state) && state !== 'queued';
		const builder = pools.adopt(isOver ? { ...record, givenUp: 'its build has ended' } : record);
		if (builder === undefined) {
			logger.error(
				{ builder: builderId, provider: record.provider },
				'a builder is left of a provider that the queue does not have any more: configure it again, or destroy it by hand',
			);
			return false;
		}
		if (lease !== undefined && !isOver && record.givenUp === undefined) desk.adopt(builder, lease);
		builder.goOn();
		return true;
	}

	/** Builds that ran, and of which no builder is known. */
	#endLost({ builds }: QueueMemory): void {
		const { desk, builds: book } = this.#options;
		for (const { buildId, state } of builds) {
			if (!RUNNING.includes(state) || desk.leases.ofBuild(buildId) !== undefined) continue;
			const error = new ContainerBuilderError('builder-lost', 'its builder went while the queue did not run');
			void book.end(buildId, 'failed', error);
		}
	}

	/** Builds that were in line, and whose clients have not come back. */
	#endUnreturned({ builds }: QueueMemory): void {
		const { desk, builds: book, room } = this.#options;
		for (const { buildId, state } of builds) {
			if (state !== 'queued' || book.find(buildId)?.state !== 'queued') continue;
			if (room.find(buildId) !== undefined || desk.leases.ofBuild(buildId) !== undefined) continue;
			void book.end(
				buildId,
				'canceled',
				new ContainerBuilderError('canceled', 'its client did not come back'),
			);
		}
	}
}
