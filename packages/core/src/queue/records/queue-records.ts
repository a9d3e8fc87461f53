import type * as z from 'zod';
import type { Json, Logger, Store } from '../../spec/index.js';
import { type BuilderRecord, builderRecordSchema } from './builder-record.js';
import { Ledger } from './ledger.js';
import { type StoredBuild, storedBuildSchema } from './stored-build.js';

/** All that was written down before this process. */
export interface QueueMemory {
	readonly builders: readonly BuilderRecord[];
	/** In no order. */
	readonly builds: readonly StoredBuild[];
	readonly usage: Json | undefined;
}

/** What a queue writes down, so that the next process goes on where this one was. */
export class QueueRecords {
	readonly #ledger: Ledger;
	readonly #logger: Logger;

	constructor(store: Store, owner: string, logger: Logger) {
		this.#ledger = new Ledger(store, owner);
		this.#logger = logger;
	}

	/** Becomes the one queue of this owner; waits while another process is. */
	open(signal: AbortSignal, onLost: () => void): Promise<void> {
		return this.#ledger.open(signal, onLost);
	}

	/** To be called once, before anything is written. A record that cannot be read is told of and left out. */
	async read(): Promise<QueueMemory> {
		const builders = await this.#readAll('builder/', builderRecordSchema);
		const builds = await this.#readAll('build/', storedBuildSchema);
		let usage: Json | undefined;
		for await (const [, value] of this.#ledger.read('usage')) usage = value;
		return { builders, builds, usage };
	}

	saveBuilder(record: BuilderRecord): Promise<void> {
		return this.#ledger.write(`builder/${record.builderId}`, plain(record));
	}

	eraseBuilder(builderId: string): Promise<void> {
		return this.#ledger.erase(`builder/${builderId}`);
	}

	saveBuild(build: StoredBuild): Promise<void> {
		return this.#ledger.write(`build/${build.buildId}`, plain(build));
	}

	eraseBuild(buildId: string): Promise<void> {
		return this.#ledger.erase(`build/${buildId}`);
	}

	/** How much each user has used lately: asked when it is written, once for all leases that end meanwhile. */
	saveUsage(usage: () => Json): Promise<void> {
		return this.#ledger.write('usage', usage);
	}

	/** Lets another process be the queue of this owner, once all is written. Idempotent. */
	close(): Promise<void> {
		return this.#ledger.close();
	}

	async #readAll<T>(prefix: string, schema: z.ZodType<T>): Promise<T[]> {
		const found: T[] = [];
		for await (const [key, value] of this.#ledger.read(prefix)) {
			const parsed = schema.safeParse(value);
			if (parsed.success) found.push(parsed.data);
			else this.#logger.error({ record: `${prefix}${key}` }, 'a record in the store cannot be read');
		}
		return found;
	}
}

/** Without what is undefined. */
function plain(value: object): Json {
	return JSON.parse(JSON.stringify(value)) as Json;
}
