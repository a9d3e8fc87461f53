import { RemoteBuilder } from '../client/remote-builder.js';
import { tailOffset } from '../client/tail-offset.js';
import { type LinkedSignal, linkSignal } from '../concurrency/link-signal.js';
import { ContainerBuilderError, type ImageDigest, type Lease, type TerminalSize } from '../spec/index.js';
import { awaitBegin } from './await-begin.js';
import type { BuildSession } from './build-session.js';
import { followBuilder } from './follow-builder.js';
import type { ImageTarget } from './image-target.js';
import { writeImage } from './image-writer.js';
import { leaseEndOf } from './lease-end-of.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { PreparedBuild } from './prepare-build.js';
import type { RunContext } from './run-context.js';

/** How long a builder whose lease is over has to say itself why. */
const LAST_WORDS_MS = 2_000;
/** How long a builder is looked for whose queue has closed: a queue takes its builders along. */
const CLOSED_QUEUE_MS = 5_000;
/** How long a queue has to say what has become of a lease. */
const ASK_TIMEOUT_MS = 3_000;
/** How long who attaches waits for another client to send what a build needs. */
const BEGIN_PATIENCE_MS = 60_000;
/** Between SIGKILL and giving up. */
const FORCED_MS = 2_000;

/** A build on one builder, from the lease to the image. */
export class LeaseRun {
	readonly lease: Lease;
	readonly #session: BuildSession;
	readonly #context: RunContext;
	readonly #builder: RemoteBuilder;
	readonly #keeper: LeaseKeeper;
	/** Ends whatever is under way. */
	readonly #hard: LinkedSignal = linkSignal();
	#failure: ContainerBuilderError | undefined;
	#detached = false;
	#canceling = false;
	readonly #timers: (() => void)[] = [];

	constructor(session: BuildSession, context: RunContext, lease: Lease) {
		this.lease = lease;
		this.#session = session;
		this.#context = context;
		this.#keeper = new LeaseKeeper(lease, {
			clock: context.clock,
			onLost: (error) => this.#failSoon(ContainerBuilderError.from(error, 'lease-lost')),
			onUnreachable: (error) =>
				session.publish({
					type: 'warning',
					message: `the queue does not answer (${messageOf(error)}); the build goes on`,
				}),
		});
		this.#builder = new RemoteBuilder({
			id: lease.builderId,
			transports: context.transports,
			endpoint: lease.endpoint,
			token: lease.token,
			insecure: context.insecure,
			// Who reaches neither has lost the network, and as long as the queue keeps the builder nothing is lost by it.
			reconnectMs: Math.max(context.reconnectMs, lease.idleMs),
			clock: context.clock,
			confirm: async ({ signal }) => {
				const answer = await this.#keeper.renew({ signal, timeoutMs: ASK_TIMEOUT_MS });
				if (answer === 'unreachable' && !this.#keeper.isOverdue) return undefined;
				return answer === 'closed' ? Math.min(CLOSED_QUEUE_MS, context.reconnectMs) : context.reconnectMs;
			},
		});
		session.tryOn(lease.builderId);
	}

	/** Whether the lease was left to the queue: it must not be released. */
	get detached(): boolean {
		return this.#detached;
	}

	/** Starts the build and sees it to its image. */
	build(prepared: PreparedBuild): Promise<ImageDigest> {
		return this.#guard(async (signal) => {
			await this.#connect(signal);
			const { request, confidential, context } = prepared;
			const architecture = this.lease.builder.architectures[0];
			if (architecture === undefined)
				throw new ContainerBuilderError('protocol', 'a builder of no architecture');
			this.#session.moveTo('uploading');
			const { phase } = await this.#builder.start(
				{ architecture, ...request, ...this.#terminal(request), ...confidential.reveal() },
				{ signal },
			);
			if (context !== undefined && (phase === 'leased' || phase === 'uploading')) {
				const { size } = context.manifest;
				const onProgress = (sentBytes: number): void =>
					this.#session.progress({ type: 'upload-progress', sentBytes, size });
				await this.#builder.context(context.source, { signal, onProgress });
			}
			return await this.#follow(signal);
		});
	}

	/** Watches a build that is under way already; with `tail` from so many of the last lines on that there are. */
	watch({ tail }: { readonly tail?: number | undefined } = {}): Promise<ImageDigest> {
		return this.#guard(async (signal) => {
			await this.#connect(signal);
			const { clock } = this.#context;
			const begun = await awaitBegin(this.#builder, { clock, patienceMs: BEGIN_PATIENCE_MS, signal });
			if (tail !== undefined) {
				const size = begun.outputBytes;
				this.#session.beginOutputAt(await tailOffset(this.#builder, { size, lines: tail, signal }));
			}
			return await this.#follow(signal);
		});
	}

	/** Brings the image to where it goes. */
	download(target: Exclude<ImageTarget, { kind: 'none' }>, format: PreparedBuild['request']['format']) {
		return this.#guard(async (signal) => {
			this.#session.moveTo('downloading');
			const image = await this.#builder.image({ signal });
			const { size } = image;
			this.#session.imageStreamed = target.kind === 'stream';
			await writeImage(image, target, {
				format,
				onProgress: (receivedBytes) =>
					this.#session.progress({ type: 'download-progress', receivedBytes, size }),
			});
		});
	}

	/**
	 * Why the lease is over, where it is: `error` may tell, else the clock or the queue. A daemon that is stopped says
	 * that it is lost, whoever stopped it for what.
	 */
	async leaseEnd(error: ContainerBuilderError): Promise<string | undefined> {
		const told = leaseEndOf(error);
		if (told !== undefined && told !== 'unknown') return told;
		if (this.#keeper.isOverdue) return 'deadline';
		try {
			const answer = await this.#keeper.renew({ timeoutMs: ASK_TIMEOUT_MS });
			return answer === 'closed' ? 'queue-closed' : undefined;
		} catch (over) {
			return leaseEndOf(ContainerBuilderError.from(over)) ?? 'unknown';
		}
	}

	/** Ends the build: the backend is asked to end, and made to after the grace; anything else ends at once. */
	cancel(): void {
		if (this.#canceling) return;
		this.#canceling = true;
		if (this.#session.state !== 'building') {
			this.#hard.abort('canceled');
			return;
		}
		const { signal } = this.#hard;
		this.#builder.cancel({ signal }).catch(() => {});
		this.#after(this.#context.cancelGraceMs, () => {
			this.#builder.cancel({ force: true, signal }).catch(() => {});
			this.#after(FORCED_MS, () => this.#hard.abort('canceled'));
		});
	}

	/** Leaves the build to itself. Resolves with for how many milliseconds its builder is kept. */
	async detach(keepMs: number | undefined, signal: AbortSignal | undefined): Promise<number> {
		const { remainingMs } = await this.lease.renew({ signal });
		const keptMs = Math.min(keepMs ?? remainingMs, remainingMs);
		await this.lease.detach({ keepMs: keptMs, signal });
		this.#detached = true;
		this.#hard.abort('detached');
		return keptMs;
	}

	async resize(size: TerminalSize): Promise<void> {
		await this.#builder.resize(size, { signal: this.#hard.signal });
	}

	/** Ends the connections to the builder; the lease is kept. Idempotent. */
	async disconnect(): Promise<void> {
		await this.#builder.close();
	}

	/** Lets go of builder and queue; the lease stays. Idempotent. */
	async close(): Promise<void> {
		this.#keeper.stop();
		for (const cancelTimer of this.#timers.splice(0)) cancelTimer();
		this.#hard.abort('closed');
		await this.#builder.close();
	}

	/** A terminal may have got another size since it was asked for. */
	#terminal({ terminal }: PreparedBuild['request']): Pick<PreparedBuild['request'], 'terminal'> {
		return terminal === undefined ? {} : { terminal: this.#session.terminalSize ?? terminal };
	}

	async #connect(signal: AbortSignal): Promise<void> {
		this.#session.moveTo('connecting');
		const { privilege } = await this.#builder.info({ signal });
		const { builderId, endpoint } = this.lease;
		this.#session.publish({ type: 'builder', builderId, url: endpoint.url, privilege });
	}

	async #follow(signal: AbortSignal): Promise<ImageDigest> {
		const image = await followBuilder(this.#session, this.#builder, signal);
		this.#session.moveTo('built');
		return image;
	}

	/** What ended everything counts, not how the parts then failed. */
	async #guard<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
		try {
			return await work(this.#hard.signal);
		} catch (error) {
			throw this.#hard.signal.aborted ? (this.#failure ?? error) : error;
		}
	}

	/** The connection to the builder may tell better what happened: it gets a moment. */
	#failSoon(error: ContainerBuilderError): void {
		this.#after(LAST_WORDS_MS, () => {
			this.#failure = error;
			this.#hard.abort(error);
		});
	}

	#after(delayMs: number, act: () => void): void {
		this.#timers.push(this.#context.clock.schedule(act, delayMs));
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
