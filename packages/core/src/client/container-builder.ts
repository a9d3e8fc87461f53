import { randomUUID } from 'node:crypto';
import type { AttachOptions } from '../build/attach-options.js';
import { BuildHandle } from '../build/build-handle.js';
import { BuildSession } from '../build/build-session.js';
import { type LogsOptions, readLogs } from '../build/read-logs.js';
import { runAttached, runBuild } from '../build/run-build.js';
import type { RunContext } from '../build/run-context.js';
import { BuilderQueue } from '../queue/builder-queue.js';
import type { BuilderQueueOptions } from '../queue/builder-queue-options.js';
import { checkSpecification } from '../queue/check-specification.js';
import type { Build, BuildInput, BuildOptions, Clock, Queue, Transport } from '../spec/index.js';
import { KeepAlive } from '../time/keep-alive.js';
import { systemClock } from '../time/system-clock.js';

/** What a {@link ContainerBuilder} works with, wherever its builders come from. */
export interface ClientOptions {
	/** How builders are reached. */
	readonly transports: readonly Transport[];
	/** Milliseconds that a canceled build's backend gets to end by itself. @default 10000 */
	readonly cancelGraceMs?: number | undefined;
	/**
	 * Milliseconds for which a broken connection to a builder is made anew; where its queue cannot be reached either, at least
	 * as long as the queue keeps the builder. @default 60000
	 */
	readonly reconnectMs?: number | undefined;
	/** Allows unencrypted connections to builders on other machines. @default false */
	readonly insecure?: boolean | undefined;
	/** @default real time */
	readonly clock?: Clock | undefined;
}

/**
 * Either a queue, which stays open when the `ContainerBuilder` is closed; or a provider and how to run an embedded
 * queue over it, which is closed with the `ContainerBuilder`: no builder outlives it.
 */
export type ContainerBuilderOptions =
	| (ClientOptions & { readonly queue: Queue })
	| (ClientOptions & BuilderQueueOptions & { readonly queue?: undefined });

/** Builds container images on machines that exist for one build each. */
export class ContainerBuilder implements AsyncDisposable {
	readonly queue: Queue;
	readonly #context: RunContext;
	readonly #ownsQueue: boolean;
	readonly #builds = new Set<BuildHandle>();
	readonly #alive = new KeepAlive();

	/** Does no I/O. Throws `invalid-option` and `unsupported-specification`. */
	constructor(options: ContainerBuilderOptions) {
		for (const transport of options.transports) checkSpecification('transport', transport);
		this.#ownsQueue = options.queue === undefined;
		this.queue = options.queue ?? new BuilderQueue(options);
		this.#context = {
			queue: this.queue,
			transports: options.transports,
			clock: options.clock ?? systemClock,
			cancelGraceMs: options.cancelGraceMs ?? 10_000,
			reconnectMs: options.reconnectMs ?? 60_000,
			insecure: options.insecure ?? false,
		};
	}

	/**
	 * Begins a build. Returns at once: the first event is published in a later turn, so that none can be missed.
	 * What is wrong with input or options the build rejects with.
	 */
	build(input: BuildInput, options: BuildOptions = {}): Build {
		const session = new BuildSession(options.buildId ?? randomUUID(), { clock: this.#context.clock });
		return this.#keep(
			new BuildHandle({
				session,
				signal: options.signal,
				run: (control) => runBuild(session, this.#context, control, input, options),
			}),
		);
	}

	/**
	 * Goes on with a build of one's own that runs already, with its output from the beginning or from some byte on.
	 * Rejects with `not-found`. Without `image` the build's image stays where it is.
	 */
	attach(buildId: string, options: AttachOptions = {}): Build {
		const session = new BuildSession(buildId, { clock: this.#context.clock, outputOffset: options.from });
		return this.#keep(
			new BuildHandle({
				session,
				signal: options.signal,
				run: (control) => runAttached(session, this.#context, control, options),
			}),
		);
	}

	/**
	 * The output of a build of one's own that runs, as it is kept on its builder. Looks on only: nothing of the build
	 * changes. Ends with what there is already, with `follow` when the build is over. Rejects with `not-found`.
	 */
	logs(buildId: string, options: LogsOptions = {}): AsyncIterable<Uint8Array> {
		return readLogs(buildId, this.#context, options);
	}

	/**
	 * Cancels the builds that run, gives back the builders whose images were kept, and closes a queue of its own.
	 * Idempotent.
	 */
	async close(): Promise<void> {
		await Promise.all([...this.#builds].map((build) => build.cancel('closed')));
		this.#builds.clear();
		if (this.#ownsQueue) await this.queue.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#keep(build: BuildHandle): BuildHandle {
		this.#builds.add(build);
		// While a connection is made anew no socket keeps the process.
		const letGo = this.#alive.hold();
		void build.settled.then(() => {
			letGo();
			if (!build.keepsImage) this.#builds.delete(build);
		});
		return build;
	}
}
