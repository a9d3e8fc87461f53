import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ContainerBuilderError } from '@olcf/container-builder-core';

/** States of a machine, as far as they are told apart here; there are more. */
export type RunState = 'running' | 'paused' | 'inmigrate' | 'postmigrate' | 'shutdown' | 'io-error';

/** The commands that are used here: their arguments, and what they return. */
export interface QmpCommands {
	qmp_capabilities: [undefined, unknown];
	'query-status': [undefined, { readonly status: RunState; readonly running: boolean }];
	stop: [undefined, unknown];
	cont: [undefined, unknown];
	quit: [undefined, unknown];
	migrate: [{ readonly uri: string }, unknown];
	'migrate-set-parameters': [{ readonly 'max-bandwidth': number }, unknown];
	'migrate-set-capabilities': [
		{ readonly capabilities: readonly { readonly capability: 'events'; readonly state: boolean }[] },
		unknown,
	];
	'query-migrate': [undefined, { readonly status?: string; readonly 'error-desc'?: string }];
}

/** What QEMU tells unasked. */
export interface QmpEvent {
	readonly event: string;
	readonly data?: Readonly<Record<string, unknown>>;
}

interface Answer {
	readonly return?: unknown;
	readonly error?: { readonly class: string; readonly desc: string };
	readonly event?: string;
}

/**
 * A client of the machine protocol, one command at a time:
 * https://www.qemu.org/docs/master/interop/qmp-spec.html,
 * https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html.
 */
export class Qmp {
	readonly #socket: Socket;
	readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
	readonly #onEvent: (event: QmpEvent) => void;
	#end: Error | undefined;

	private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
		this.#socket = socket;
		this.#onEvent = onEvent;
		socket.once('error', (error) => this.#ended(error));
		socket.once('close', () => this.#ended());
		createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
			.on('error', (error) => this.#ended(error))
			.on('line', (line) => this.#take(line));
	}

	/** Connects to a socket and takes part. A machine that says nothing for `timeoutMs` is given up. */
	static async connect(
		path: string,
		{ timeoutMs, onEvent = () => {} }: { timeoutMs: number; onEvent?: (event: QmpEvent) => void },
	): Promise<Qmp> {
		const socket = connect(path);
		const qmp = new Qmp(socket, onEvent);
		socket.setTimeout(timeoutMs, () => {
			if (qmp.#waiting.length > 0) socket.destroy(new Error(`QEMU did not answer within ${timeoutMs} ms`));
		});
		try {
			await qmp.execute('qmp_capabilities');
			return qmp;
		} catch (error) {
			qmp.close();
			throw error;
		}
	}

	/** Rejects with `provider-unavailable` where QEMU refuses, or is gone before it has answered. */
	execute<Name extends keyof QmpCommands>(
		name: Name,
		...[args]: QmpCommands[Name][0] extends undefined ? [] : [args: QmpCommands[Name][0]]
	): Promise<QmpCommands[Name][1]> {
		return new Promise((resolve, reject) => {
			if (this.#end !== undefined) {
				reject(this.#end);
				return;
			}
			this.#waiting.push({ resolve, reject });
			this.#socket.write(`${JSON.stringify({ execute: name, ...(args && { arguments: args }) })}\n`);
		});
	}

	close(): void {
		this.#socket.destroy();
	}

	#take(line: string): void {
		let answer: Answer;
		try {
			answer = JSON.parse(line) as Answer;
		} catch {
			this.#socket.destroy(new Error('QEMU said something that is no JSON'));
			return;
		}
		if (answer.event !== undefined) this.#onEvent(answer as QmpEvent);
		else if (answer.error !== undefined) this.#waiting.shift()?.reject(unavailable(answer.error.desc));
		else if ('return' in answer) this.#waiting.shift()?.resolve(answer.return);
	}

	#ended(cause?: Error): void {
		this.#end ??= unavailable(cause?.message ?? 'it has closed the connection', cause);
		for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
	}
}

function unavailable(message: string, cause?: Error): ContainerBuilderError {
	return new ContainerBuilderError('provider-unavailable', `QEMU: ${message}`, { cause, outcome: 'none' });
}
