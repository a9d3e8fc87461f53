import {
	type Architecture,
	type BuilderEvent,
	type BuildFilter,
	type BuildRecord,
	type BuildState,
	type Clock,
	ContainerBuilderError,
	type ErrorCode,
	type ResolvedBase,
	type SerializedError,
} from '../spec/index.js';

/** How many builds that have ended are remembered. */
const REMEMBERED_BUILDS = 1_000;
const FINAL: readonly BuildState[] = ['succeeded', 'failed', 'canceled'];

interface BookedBuild {
	readonly buildId: string;
	readonly user: string;
	readonly architecture: Architecture;
	readonly labels: Readonly<Record<string, string>>;
	readonly since: number;
	state: BuildState;
	builderId?: string | undefined;
	bases?: readonly ResolvedBase[] | undefined;
	error?: SerializedError | undefined;
}

/** What the queue knows of builds: those under way, and the last ones that have ended. */
export class BuildBook {
	readonly #clock: Clock;
	readonly #builds = new Map<string, BookedBuild>();
	readonly #ended: string[] = [];

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Opens a build; one of the same id that has ended is forgotten. */
	open(build: Pick<BuildRecord, 'buildId' | 'user' | 'architecture' | 'labels'>): void {
		const { buildId, user, architecture, labels } = build;
		this.#builds.delete(buildId);
		const index = this.#ended.indexOf(buildId);
		if (index >= 0) this.#ended.splice(index, 1);
		this.#builds.set(buildId, {
			buildId,
			user,
			architecture,
			labels,
			since: this.#clock.now(),
			state: 'queued',
		});
	}

	/** Rejoins the line: after its builder was lost. */
	requeue(buildId: string): boolean {
		const build = this.#builds.get(buildId);
		if (build === undefined) return false;
		const index = this.#ended.indexOf(buildId);
		if (index >= 0) this.#ended.splice(index, 1);
		build.state = 'queued';
		build.builderId = undefined;
		build.bases = undefined;
		build.error = undefined;
		return true;
	}

	granted(buildId: string, builderId: string): void {
		const build = this.#builds.get(buildId);
		if (build === undefined) return;
		build.state = 'connecting';
		build.builderId = builderId;
	}

	/** What the builder says of it. */
	reported(buildId: string, event: BuilderEvent): void {
		const build = this.#builds.get(buildId);
		if (build === undefined || FINAL.includes(build.state)) return;
		if (event.type === 'end') build.error = event.error;
		if (event.type === 'bases') build.bases = event.bases;
		if (event.type !== 'phase') return;
		const { phase } = event;
		if (phase === 'uploading' || phase === 'building' || phase === 'built') build.state = phase;
	}

	/** How it ended, in the words of who knows; a builder's own error is kept where it has told one. */
	end(
		buildId: string,
		state: 'succeeded' | 'failed' | 'canceled',
		error?: ContainerBuilderError | ErrorCode,
	): void {
		const build = this.#builds.get(buildId);
		if (build === undefined || FINAL.includes(build.state)) return;
		build.state = state;
		if (typeof error === 'object') build.error = error.toJSON();
		else if (error !== undefined && build.error?.code !== error) {
			build.error = new ContainerBuilderError(error, `the client reported ${error}`).toJSON();
		}
		this.#ended.push(buildId);
		if (this.#ended.length <= REMEMBERED_BUILDS) return;
		const forgotten = this.#ended.shift();
		if (forgotten !== undefined) this.#builds.delete(forgotten);
	}

	find(buildId: string): BuildRecord | undefined {
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

	#record({ since, ...build }: BookedBuild): BuildRecord {
		return { ...build, ageMs: Math.max(0, this.#clock.now() - since) };
	}
}
