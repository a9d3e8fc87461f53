import {
	type Architecture,
	type Backend,
	type BackendResult,
	type BuilderPhase,
	type BuilderState,
	type BuildRequest,
	type Channel,
	type Clock,
	ContainerBuilderError,
	deferred,
	type TerminalSize,
} from '@olcf/container-builder-core';
import type { BaseProvision } from '../bases/base-provision.js';
import { ContextProgress } from '../context/context-progress.js';
import { ContextReceiver } from '../context/context-receiver.js';
import { emulate } from '../emulation/emulate.js';
import { ImageFile } from '../output/image-file.js';
import type { OutputLog } from '../output/output-log.js';
import type { ByteSource } from '../output/serve-stream.js';
import { backendFailure } from './backend-failure.js';
import type { BuildDirectory } from './build-directory.js';
import { checkDeclared } from './check-declared.js';
import { chooseBackend } from './choose-backend.js';
import { Confidential, type OpenRequest } from './confidential.js';
import { fileError } from './disk-full.js';
import type { EventLog } from './event-log.js';
import { ExhaustionWatch } from './exhaustion.js';
import { LimitWatch } from './limit-watch.js';
import { isFinal, nextPhase, type PhaseInput } from './phase.js';
import { runBackend } from './run-backend.js';
import { checkSecrets } from './secret-files.js';

/** Bounds of a build, all of them set. */
export interface BuildBounds {
	readonly contextBytes: number;
	readonly contextEntries: number;
	readonly outputBytes: number;
	readonly imageBytes: number;
}

/** What a {@link LeasedBuild} is made of. */
export interface LeasedBuildOptions {
	readonly buildId: string;
	/** `declarationDigest` of the only thing that may be started. @default anything may */
	readonly declarationSha256?: string | undefined;
	readonly directory: BuildDirectory;
	/** Empty. */
	readonly output: OutputLog;
	/** Those that are installed. */
	readonly backends: readonly Backend[];
	readonly architectures: readonly Architecture[];
	readonly bounds: BuildBounds;
	readonly clock: Clock;
	/** Milliseconds until the lease ends. */
	readonly remainingMs: () => number;
	readonly events: EventLog;
	readonly bases: BaseProvision;
	/** For where file systems in memory are. */
	readonly environment: NodeJS.ProcessEnv;
}

/** The one build of a lease, from `leased` to its final phase and as long as somebody may ask for its results. */
export class LeasedBuild {
	/** Resolves in a final phase. */
	readonly settled: Promise<void>;
	readonly #settled = deferred<void>();
	readonly #options: LeasedBuildOptions;
	readonly #output: OutputLog;
	readonly #stop = new AbortController();
	readonly #kill = new AbortController();
	#phase: BuilderPhase = 'idle';
	#request: OpenRequest | undefined;
	#confidential: Confidential | undefined;
	#receiver: ContextReceiver | undefined;
	#running: Promise<void> = Promise.resolve();
	#backendStarted = false;
	#result: BackendResult | undefined;
	#image: ImageFile | undefined;
	/** Why this side ends the build; the first reason counts. */
	#stopped: ContainerBuilderError | undefined;
	#error: ContainerBuilderError | undefined;
	#onResize: ((size: TerminalSize) => void) | undefined;
	#size: TerminalSize | undefined;

	constructor(options: LeasedBuildOptions) {
		this.#options = options;
		this.#output = options.output;
		this.settled = this.#settled.promise;
		this.#move('lease');
	}

	get state(): BuilderState {
		const exitCode = this.#result?.exitCode ?? undefined;
		return {
			phase: this.#phase,
			sequence: this.#options.events.lastSequence,
			buildId: this.#options.buildId,
			backendStarted: this.#backendStarted,
			outputBytes: this.#output.size,
			...(exitCode === undefined ? {} : { exitCode }),
			...(this.#phase === 'built' && this.#image ? { image: this.#image.digest } : {}),
			...(this.#error ? { error: this.#error.toJSON() } : {}),
		};
	}

	/** Idempotent by the build's id. Throws `busy` for another one, `forbidden`, `unsupported` and `size-limit`. */
	start(request: BuildRequest): BuilderState {
		if (request.buildId !== this.#options.buildId) {
			throw new ContainerBuilderError('busy', 'this builder is leased for another build');
		}
		if (this.#request || isFinal(this.#phase)) return this.state;
		checkDeclared(request, this.#options.declarationSha256);
		const backend = chooseBackend(request, this.#options);
		const { context } = request;
		const { contextBytes, contextEntries } = this.#options.bounds;
		if (context && (context.size > contextBytes || context.entries > contextEntries)) {
			throw new ContainerBuilderError(
				'size-limit',
				`the context has ${context.size} bytes in ${context.entries} entries; ` +
					`this builder takes ${contextBytes} bytes in ${contextEntries} entries`,
			);
		}
		checkSecrets(request.secrets ?? []);
		const [open, confidential] = Confidential.of(request);
		this.#request = open;
		this.#confidential = confidential;
		if (context) {
			const progress = new ContextProgress(context.size, this.#options);
			this.#receiver = new ContextReceiver({
				directory: this.#options.directory.context,
				expected: context,
				onProgress: (bytes) => progress.report(bytes),
			});
		}
		this.#move(context ? 'start-with-context' : 'start');
		this.#running = this.#run(open, backend, this.#receiver);
		return this.state;
	}

	/** Serves a channel `context`. Never rejects. */
	async receive(channel: Channel): Promise<void> {
		if (this.#receiver) return await this.#receiver.serve(channel);
		const error = new ContainerBuilderError('protocol', 'no build was started that has a context');
		await channel.send(JSON.stringify({ type: 'failure', error: error.toJSON() })).catch(() => {});
		await channel.close();
	}

	output(): ByteSource {
		return { read: (from, signal) => this.#output.read(from, signal), digest: () => this.#output.end };
	}

	/** Throws why there is none. */
	image(): ByteSource {
		const image = this.#phase === 'built' ? this.#image : undefined;
		if (image) return { read: (from, signal) => image.read(from, signal), digest: () => image.digest };
		throw this.#error ?? new ContainerBuilderError('not-found', 'the image is not built yet');
	}

	/** Nothing where the build has no terminal. */
	resize(size: TerminalSize): void {
		this.#size = size;
		this.#onResize?.(size);
	}

	/** Ends the build with this error; resolves when it has ended. Without effect on one that has. */
	async end(error: ContainerBuilderError, options: { readonly force: boolean }): Promise<void> {
		this.#end(error, options.force);
		await this.#running;
	}

	/** Lets go of the image. The build must have ended, and nobody may still read. */
	async close(): Promise<void> {
		await this.#running;
		await this.#image?.close();
	}

	#end(error: ContainerBuilderError, force: boolean): void {
		if (isFinal(this.#phase)) return;
		this.#stopped ??= error;
		if (this.#phase !== 'building') this.#settle(this.#stopped);
		void this.#receiver?.close(this.#stopped);
		this.#stop.abort(this.#stopped);
		if (force) this.#kill.abort(this.#stopped);
	}

	/** Never rejects. */
	async #run(request: OpenRequest, backend: Backend, receiver: ContextReceiver | undefined): Promise<void> {
		const { clock, events, bounds, remainingMs } = this.#options;
		const onReached = (error: ContainerBuilderError): void => this.#end(error, false);
		const requested = request.limits;
		const limits = new LimitWatch({ clock, events, requested, bounds, remainingMs, onReached });
		try {
			await receiver?.verified;
			if (receiver) this.#move('context-verified');
			const failure = await this.#execute(request, backend, limits);
			if (failure) return this.#settle(failure);
			this.#image = await ImageFile.open(this.#options.directory.image, {
				maxBytes: limits.imageBytes,
				signal: this.#stop.signal,
			});
			if (this.#stopped) return this.#settle(this.#stopped);
			this.#options.events.append({ type: 'image', ...this.#image.digest });
			this.#settle(undefined);
		} catch (error) {
			this.#settle(this.#stopped ?? fileError(error));
		} finally {
			limits.stop();
		}
	}

	async #execute(
		request: OpenRequest,
		backend: Backend,
		limits: LimitWatch,
	): Promise<ContainerBuilderError | undefined> {
		const { directory, events, bases, environment } = this.#options;
		const confidential = this.#confidential;
		if (this.#stopped || !confidential) return this.#stopped;
		await emulate(request.architecture, events);
		if (this.#stopped) return this.#stopped;
		let watch: ExhaustionWatch | undefined;
		let refused: readonly string[] = [];
		const result = await runBackend({
			...{ request, confidential, backend, directory, bases, environment },
			onBases: (resolved, withoutLogin) => {
				if (resolved.length > 0) events.append({ type: 'bases', bases: resolved });
				refused = withoutLogin;
			},
			onReady: async () => {
				watch = await ExhaustionWatch.begin([directory.scratch]);
				if (this.#stopped) throw this.#stopped;
			},
			options: {
				signal: this.#stop.signal,
				kill: this.#kill.signal,
				onStart: (command) => {
					this.#backendStarted = true;
					events.append({ type: 'backend-start', backend: backend.name, command });
					limits.begin();
				},
				onOutput: (chunk) => this.#takeOutput(chunk, limits),
				onResize: (listener) => {
					this.#onResize = listener;
					if (this.#size) listener(this.#size);
				},
			},
		});
		limits.stop();
		this.#result = result;
		events.append({ type: 'backend-end', ...result });
		const failed = result.exitCode !== 0;
		return backendFailure({
			backend: backend.name,
			result,
			stopped: this.#stopped,
			exhausted: failed ? await watch?.find(this.#output) : undefined,
			refused,
		});
	}

	async #takeOutput(chunk: Uint8Array, limits: LimitWatch): Promise<void> {
		const room = Math.max(0, limits.outputBytes - this.#output.size);
		try {
			await this.#output.append(chunk.subarray(0, room));
		} catch (error) {
			// There is nowhere to put it; it is still read, so that the backend can end.
			this.#end(fileError(error), false);
		}
		limits.output(this.#output.size);
		if (chunk.length > room) limits.outputReached();
	}

	#move(input: PhaseInput): boolean {
		const phase = nextPhase(this.#phase, input);
		if (phase === undefined) return false;
		this.#phase = phase;
		this.#options.events.append({ type: 'phase', phase });
		return true;
	}

	#settle(error: ContainerBuilderError | undefined): void {
		if (isFinal(this.#phase)) return;
		this.#confidential?.take();
		this.#error = error;
		this.#output.finish();
		this.#move(error === undefined ? 'image-ready' : error.code === 'canceled' ? 'cancel' : 'failure');
		if (!isFinal(this.#phase)) return;
		const end = { type: 'end', phase: this.#phase } as const;
		this.#options.events.append(error === undefined ? end : { ...end, error: error.toJSON() });
		this.#settled.resolve();
	}
}
