import { deferred } from '../concurrency/deferred.js';
import { type LinkedSignal, linkSignal } from '../concurrency/link-signal.js';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import {
	type AbortOptions,
	type Build,
	type BuildEvent,
	type BuildEventMap,
	type BuildResult,
	type BuildState,
	ContainerBuilderError,
	type TerminalSize,
} from '../spec/index.js';
import type { BuildSession } from './build-session.js';
import { goesOnAlone, isFinalState } from './build-state.js';
import type { LeaseRun } from './lease-run.js';
import type { RunControl } from './run-build.js';

/** What a handle is made for. */
export interface BuildHandleOptions extends AbortOptions {
	readonly session: BuildSession;
	/** Does the work; started in a later turn, so that no event can be missed. */
	readonly run: (control: RunControl) => Promise<BuildResult>;
}

/** The one implementation of {@link Build}. */
export class BuildHandle implements Build {
	readonly id: string;
	readonly [Symbol.toStringTag] = 'Build';
	/** Settles when everything is over, and never rejects. */
	readonly settled: Promise<void>;
	readonly #session: BuildSession;
	readonly #result: Promise<BuildResult>;
	readonly #cancel: LinkedSignal;
	#run: LeaseRun | undefined;
	#kept: { readonly run: LeaseRun; readonly giveBack: () => Promise<void> } | undefined;
	/** Resolved at each change of state. */
	#moved = deferred();

	constructor({ session, run, signal }: BuildHandleOptions) {
		this.id = session.id;
		this.#session = session;
		this.#cancel = linkSignal(signal);
		session.emitter.on('state', () => {
			this.#moved.resolve();
			this.#moved = deferred();
		});
		this.#result = this.#work(run);
		this.settled = this.#result.then(
			() => {},
			() => {},
		);
	}

	get state(): BuildState {
		return this.#session.state;
	}

	/** Whether a builder is held for the image on it. */
	get keepsImage(): boolean {
		return this.#kept !== undefined;
	}

	on<E extends keyof BuildEventMap>(event: E, listener: BuildEventMap[E]): this {
		this.#session.emitter.on(event, listener);
		return this;
	}

	once<E extends keyof BuildEventMap>(event: E, listener: BuildEventMap[E]): this {
		this.#session.emitter.once(event, listener);
		return this;
	}

	off<E extends keyof BuildEventMap>(event: E, listener: BuildEventMap[E]): this {
		this.#session.emitter.off(event, listener);
		return this;
	}

	// biome-ignore lint/suspicious/noThenProperty: a build is a promise of its result
	then<R = BuildResult, E = never>(
		onFulfilled?: ((value: BuildResult) => R | PromiseLike<R>) | null,
		onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
	): Promise<R | E> {
		return this.#result.then(onFulfilled, onRejected);
	}

	catch<E = never>(onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<BuildResult | E> {
		return this.#result.catch(onRejected);
	}

	finally(onFinally?: (() => void) | null): Promise<BuildResult> {
		return this.#result.finally(onFinally);
	}

	[Symbol.asyncIterator](): AsyncGenerator<BuildEvent, void, undefined> {
		return this.#session.log.read();
	}

	async *output(): AsyncGenerator<Uint8Array, void, undefined> {
		for await (const event of this.#session.log.read()) {
			if (event.type === 'output') yield event.bytes;
		}
	}

	async cancel(reason = 'canceled'): Promise<void> {
		this.#cancel.abort(reason);
		await this.settled;
		await this.#letGo();
	}

	async detach(
		options: { readonly keepMs?: number | undefined } & AbortOptions = {},
	): Promise<{ readonly keptMs: number }> {
		const { keepMs, signal } = options;
		throwIfAborted(signal);
		// Until the context is there, nobody but this client can bring the build forward.
		while (!isFinalState(this.state) && !this.#canDetach()) {
			await this.#moved.promise;
			throwIfAborted(signal);
		}
		const keptMs = (await (this.#run ?? this.#kept?.run)?.detach(keepMs, signal)) ?? 0;
		await this.settled;
		await this.#letGo();
		return { keptMs };
	}

	async resize(size: TerminalSize): Promise<void> {
		this.#session.terminalSize = size;
		await this.#run?.resize(size);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.cancel();
	}

	/** Between two builders there is nothing to leave to itself. */
	#canDetach(): boolean {
		return this.#run !== undefined && goesOnAlone(this.state);
	}

	/** Gives back the builder that was held for its image. */
	async #letGo(): Promise<void> {
		const kept = this.#kept;
		this.#kept = undefined;
		await kept?.giveBack();
	}

	async #work(run: (control: RunControl) => Promise<BuildResult>): Promise<BuildResult> {
		await new Promise((resolve) => setImmediate(resolve));
		try {
			const result = await run({
				signal: this.#cancel.signal,
				onRun: (current) => {
					this.#run = current;
				},
				onKept: (run, giveBack) => {
					this.#kept = { run, giveBack };
				},
			});
			this.#end('succeeded');
			return result;
		} catch (error) {
			const failure = this.#withSummary(ContainerBuilderError.from(error));
			this.#end(failure.code === 'canceled' ? 'canceled' : 'failed', failure);
			throw failure;
		} finally {
			this.#cancel.dispose();
		}
	}

	#end(status: 'succeeded' | 'failed' | 'canceled', error?: ContainerBuilderError): void {
		if (!isFinalState(this.state)) this.#session.moveTo(status);
		this.#session.publish({
			type: 'build-end',
			status,
			...(error === undefined ? {} : { error: error.toJSON() }),
		});
		this.#session.log.close(error);
	}

	#withSummary(error: ContainerBuilderError): ContainerBuilderError {
		if (!isFinalState(this.state)) this.#session.moveTo(error.code === 'canceled' ? 'canceled' : 'failed');
		const { code, message, cause, hint, retryable, outcome, details, stack } = error;
		const build = this.#session.summary(error.exitCode);
		const failure = new ContainerBuilderError(code, message, {
			cause,
			hint,
			retryable,
			outcome,
			details,
			build,
		});
		if (stack !== undefined) failure.stack = stack;
		return failure;
	}
}
