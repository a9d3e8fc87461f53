import { type BuildFacts, factsAfter } from '../../provenance/build-facts.js';
import { declarationDigest } from '../../provenance/declaration.js';
import {
	type Architecture,
	type BuildDeclaration,
	type BuilderEvent,
	type BuildFilter,
	type BuildRecord,
	type BuildState,
	type CheckoutPriority,
	type Clock,
	ContainerBuilderError,
	type ErrorCode,
	type ResolvedBase,
	type SerializedError,
} from '../../spec/index.js';
import { epochOf } from '../../time/epoch-of.js';
import type { QueueRecords } from '../records/queue-records.js';
import type { StoredBuild } from '../records/stored-build.js';

/** How many builds that have ended are remembered. */
const REMEMBERED_BUILDS = 1_000;
const FINAL: readonly BuildState[] = ['succeeded', 'failed', 'canceled'];

/** What a build is from its checkout on. */
export interface OpenedBuild {
	readonly buildId: string;
	readonly user: string;
	readonly pool: string;
	readonly priority: CheckoutPriority;
	readonly architecture: Architecture;
	readonly labels: Readonly<Record<string, string>>;
	/** Where a provenance is wanted. */
	readonly declaration?: BuildDeclaration | undefined;
}

interface BookedBuild extends Omit<OpenedBuild, 'declaration'> {
	/** By the queue's clock. */
	readonly since: number;
	state: BuildState;
	builderId?: string | undefined;
	bases?: readonly ResolvedBase[] | undefined;
	error?: SerializedError | undefined;
	facts?: BuildFacts | undefined;
}

/** What a book is made of. */
export interface BuildBookOptions {
	readonly clock: Clock;
	readonly records: Pick<QueueRecords, 'saveBuild' | 'eraseBuild'>;
	/** Told of what could not be written down; the build goes on. */
	readonly onUnwritten: (buildId: string, error: unknown) => void;
}

/** What the queue knows of builds: those under way, and the last ones that have ended. */
export class BuildBook {
	readonly #options: BuildBookOptions;
	readonly #builds = new Map<string, BookedBuild>();
	readonly #ended = new Set<string>();
	/** First writes that are under way. */
	readonly #opening = new Map<string, Promise<void>>();

	constructor(options: BuildBookOptions) {
		this.#options = options;
	}

	/** Opens a build; one of the same id that has ended is forgotten. Resolves when it is written down. */
	open(build: OpenedBuild): Promise<void> {
		const { buildId } = build;
		this.#builds.delete(buildId);
		this.#ended.delete(buildId);
		const { declaration, ...rest } = build;
		const facts = declaration === undefined ? {} : { facts: { declaration } };
		this.#builds.set(buildId, { ...rest, ...facts, since: this.#options.clock.now(), state: 'queued' });
		const opening = this.#save(buildId).finally(() => {
			if (this.#opening.get(buildId) === opening) this.#opening.delete(buildId);
		});
		this.#opening.set(buildId, opening);
		return opening;
	}

	/** Resolves when a build is written down, or cannot be: there must be no lease of one that is not. */
	async opened(buildId: string): Promise<void> {
		await this.#opening.get(buildId);
	}

	/** Takes over what an earlier process has written down. */
	restore(builds: readonly StoredBuild[]): void {
		const { clock } = this.#options;
		const offset = epochOf(clock) - clock.now();
		for (const build of [...builds].sort((a, b) => a.since - b.since)) {
			this.#builds.set(build.buildId, { ...build, since: build.since - offset });
			if (FINAL.includes(build.state)) this.#end(build.buildId);
		}
	}

	/** Rejoins the line: after its builder was lost. */
	async requeue(buildId: string): Promise<void> {
		const build = this.#builds.get(buildId);
		if (build === undefined) return;
		this.#ended.delete(buildId);
		build.state = 'queued';
		build.builderId = undefined;
		build.bases = undefined;
		build.error = undefined;
		if (build.facts !== undefined) build.facts = { declaration: build.facts.declaration };
		await this.#save(buildId);
	}

	async granted(buildId: string, builderId: string): Promise<void> {
		const build = this.#builds.get(buildId);
		if (build === undefined) return;
		build.state = 'connecting';
		build.builderId = builderId;
		if (build.facts !== undefined) build.facts = { grantedAt: epochOf(this.#options.clock), ...build.facts };
		await this.#save(buildId);
	}

	/** Whether its builder has told how it ended, or the queue knows. */
	isOver(buildId: string): boolean {
		const build = this.#builds.get(buildId);
		if (build === undefined) return true;
		return FINAL.includes(build.state) || build.state === 'built' || build.error !== undefined;
	}

	/** What the builder says of it. `firsthand`: on the connection that its lease was granted on. */
	reported(buildId: string, event: BuilderEvent, firsthand = false): void {
		const build = this.#builds.get(buildId);
		if (build === undefined || FINAL.includes(build.state)) return;
		const facts =
			build.facts && factsAfter(build.facts, event, { now: epochOf(this.#options.clock), firsthand });
		const isNewFact = facts !== build.facts;
		build.facts = facts;
		if (event.type === 'end') build.error = event.error;
		else if (event.type === 'bases') build.bases = event.bases;
		else if (event.type === 'phase') {
			const { phase } = event;
			if (phase === 'uploading' || phase === 'building' || phase === 'built') {
				if (phase === build.state) return;
				build.state = phase;
			}
		} else if (!isNewFact) return;
		void this.#save(buildId);
	}

	/**
	 * How it ended, in the words of who knows; a builder's own error is kept where it has told one. Resolves when it is
	 * written down.
	 */
	async end(
		buildId: string,
		state: 'succeeded' | 'failed' | 'canceled',
		error?: ContainerBuilderError | ErrorCode,
	): Promise<void> {
		const build = this.#builds.get(buildId);
		if (build === undefined || FINAL.includes(build.state)) return;
		build.state = state;
		if (typeof error === 'object') build.error = error.toJSON();
		else if (error !== undefined && build.error?.code !== error) {
			build.error = new ContainerBuilderError(error, `the client reported ${error}`).toJSON();
		}
		const saved = this.#save(buildId);
		this.#end(buildId);
		await saved;
	}

	/** When it was checked out first, by the queue's clock. */
	sinceOf(buildId: string): number | undefined {
		return this.#builds.get(buildId)?.since;
	}

	/** What is kept for a provenance, where one is wanted. */
	factsOf(buildId: string): BuildFacts | undefined {
		return this.#builds.get(buildId)?.facts;
	}

	/** `declarationDigest` of what it was said to be, where a provenance is wanted. */
	declaredAs(buildId: string): string | undefined {
		const build = this.#builds.get(buildId);
		return build?.facts && declarationDigest(build.facts.declaration, build.architecture);
	}

	find(buildId: string): (BuildRecord & OpenedBuild) | undefined {
		const build = this.#builds.get(buildId);
		return build && this.#record(build);
	}

	/** In the order of their checkouts. */
	list({ user, states }: BuildFilter): BuildRecord[] {
		return [...this.#builds.values()]
			.filter((build) => user === undefined || build.user === user)
			.filter((build) => states === undefined || states.includes(build.state))
			.map((build) => this.#record(build));
	}

	#end(buildId: string): void {
		this.#ended.add(buildId);
		if (this.#ended.size <= REMEMBERED_BUILDS) return;
		const [oldest = ''] = this.#ended;
		this.#ended.delete(oldest);
		this.#builds.delete(oldest);
		this.#options.records
			.eraseBuild(oldest)
			.catch((error: unknown) => this.#options.onUnwritten(oldest, error));
	}

	async #save(buildId: string): Promise<void> {
		const build = this.#builds.get(buildId);
		if (build === undefined) return;
		const { clock, records, onUnwritten } = this.#options;
		try {
			await records.saveBuild({ ...build, since: build.since + epochOf(clock) - clock.now() });
		} catch (error) {
			onUnwritten(buildId, error);
		}
	}

	#record({ since, facts: _, ...build }: BookedBuild): BuildRecord & OpenedBuild {
		return { ...build, ageMs: Math.max(0, this.#options.clock.now() - since) };
	}
}
