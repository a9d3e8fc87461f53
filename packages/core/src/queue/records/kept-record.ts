import type { BuilderRecord } from './builder-record.js';
import type { QueueRecords } from './queue-records.js';
import type { QueueStep } from './queue-steps.js';

/** What is written down of one builder, and what is to be. */
export class KeptRecord {
	readonly #records: Pick<QueueRecords, 'saveBuilder'>;
	readonly #step: (step: QueueStep) => void;
	#current: BuilderRecord;

	constructor(
		record: BuilderRecord,
		{ records, step }: { records: Pick<QueueRecords, 'saveBuilder'>; step: (step: QueueStep) => void },
	) {
		this.#current = record;
		this.#records = records;
		this.#step = step;
	}

	get current(): BuilderRecord {
		return this.#current;
	}

	/** Known from now on, and written down with what is saved next. */
	amend(changes: Partial<BuilderRecord>): void {
		this.#current = { ...this.#current, ...changes };
	}

	/** Resolves when it is written down. */
	async save(changes: Partial<BuilderRecord>, step?: QueueStep): Promise<void> {
		this.amend(changes);
		await this.#records.saveBuilder(this.#current);
		if (step !== undefined) this.#step(step);
	}
}
