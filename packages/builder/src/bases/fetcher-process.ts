import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ContainerBuilderError, canceledError, type Deferred, deferred } from '@olcf/container-builder-core';
import { type FetchMessage, fetcherReadySchema, fetcherResultSchema } from './fetch-messages.js';
import type { FetchOutcome } from './fetch-types.js';

/**
 * The process that alone may see registry logins in the clear. It takes one request, and is dead, with all that it has
 * started, once `close` has resolved.
 */
export class FetcherProcess {
	/** Resolves with the key to seal to; rejects where the process cannot be started or ends before. */
	readonly publicKey: Promise<string>;
	readonly #child: ChildProcess;
	readonly #exited: Promise<void>;
	readonly #key: Deferred<string> = deferred();
	readonly #result: Deferred<FetchOutcome> = deferred();
	#gone = false;

	constructor(command: readonly [string, ...string[]], environment: Readonly<Record<string, string>>) {
		const [program, ...words] = command;
		// A group of its own: what it has started can be killed along with it.
		this.#child = spawn(program, words, {
			env: environment,
			stdio: ['pipe', 'pipe', 'ignore'],
			detached: true,
		});
		this.publicKey = this.#key.promise;
		// Whatever it has left behind.
		this.#child.once('exit', () => {
			this.#kill();
			this.#gone = true;
		});
		for (const { promise } of [this.#key, this.#result]) promise.catch(() => {});
		this.#exited = new Promise((resolve) => {
			this.#child.once('close', () => {
				this.#fail(
					new ContainerBuilderError('backend-failed', 'what fetches bases has ended before its time'),
				);
				resolve();
			});
			this.#child.once('error', (cause) => {
				this.#fail(
					new ContainerBuilderError(
						'backend-failed',
						`what fetches bases cannot be started: ${cause.message}`,
					),
				);
				if (this.#child.pid === undefined) resolve();
			});
		});
		this.#child.stdin?.on('error', () => {});
		if (this.#child.stdout) {
			createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
		}
	}

	/** Once. Aborting kills the process. */
	async fetch(message: FetchMessage, signal: AbortSignal | undefined): Promise<FetchOutcome> {
		const onAbort = (): void => {
			if (signal) this.#fail(canceledError(signal));
			this.#kill();
		};
		signal?.addEventListener('abort', onAbort, { once: true });
		if (signal?.aborted) onAbort();
		try {
			this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
			return await this.#result.promise;
		} finally {
			signal?.removeEventListener('abort', onAbort);
		}
	}

	/** Idempotent. */
	async close(): Promise<void> {
		this.#kill();
		await this.#exited;
	}

	#hear(line: string): void {
		try {
			const message: unknown = JSON.parse(line);
			const ready = fetcherReadySchema.safeParse(message);
			if (ready.success) {
				this.#key.resolve(ready.data.publicKey);
				return;
			}
			const result = fetcherResultSchema.parse(message);
			if ('bases' in result) this.#result.resolve(result);
			else this.#fail(ContainerBuilderError.fromJSON(result.error));
		} catch {
			this.#fail(new ContainerBuilderError('internal', 'what fetches bases does not speak sense'));
		}
	}

	#fail(error: ContainerBuilderError): void {
		this.#key.reject(error);
		this.#result.reject(error);
	}

	#kill(): void {
		const { pid } = this.#child;
		if (pid === undefined || this.#gone) return;
		try {
			process.kill(-pid, 'SIGKILL');
		} catch {
			// All of it is gone.
		}
	}
}
