import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { CommandMain, Invocation, OutputStream } from '../../src/invocation.js';

/** A stream that keeps what is written to it. */
export class Recorder extends Writable implements OutputStream {
	readonly isTTY: boolean;
	columns: number | undefined;
	rows: number | undefined;
	readonly #chunks: Buffer[] = [];

	constructor(size?: { readonly columns: number; readonly rows: number }) {
		super();
		this.isTTY = size !== undefined;
		this.columns = size?.columns;
		this.rows = size?.rows;
	}

	get bytes(): Buffer {
		return Buffer.concat(this.#chunks);
	}

	get text(): string {
		return this.bytes.toString('utf8');
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		this.#chunks.push(Buffer.from(chunk));
		done();
		this.emit('recorded');
	}

	/** Resolves when the text matches. */
	until(pattern: RegExp): Promise<void> {
		return new Promise((resolve) => {
			const look = (): void => {
				if (!pattern.test(this.text)) return;
				this.off('recorded', look);
				resolve();
			};
			this.on('recorded', look);
			look();
		});
	}

	// What a terminal has beside `write`.
	cursorTo(column: number): boolean {
		return this.write(`\u001B[${column + 1}G`);
	}

	moveCursor(_columns: number, lines: number): boolean {
		return this.write(lines < 0 ? `\u001B[${-lines}A` : `\u001B[${lines}B`);
	}

	clearLine(): boolean {
		return this.write('\u001B[2K');
	}

	getColorDepth(): number {
		return 8;
	}

	hasColors(): boolean {
		return true;
	}
}

/** How a command is called in a test. */
export interface CallOptions {
	readonly environment?: Readonly<Record<string, string>>;
	readonly directory?: string;
	/** Makes stdout and stderr terminals of this size. */
	readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** A command under way in this process. */
export interface Call {
	readonly stdout: Recorder;
	readonly stderr: Recorder;
	readonly signals: EventEmitter;
	/** Statuses that the command wanted to leave at once with. */
	readonly exits: number[];
	readonly status: Promise<number>;
}

/** Calls a command without a process of its own. */
export function call(main: CommandMain, argv: readonly string[], options: CallOptions = {}): Call {
	const stdout = new Recorder(options.terminal);
	const stderr = new Recorder(options.terminal);
	const signals = new EventEmitter();
	const exits: number[] = [];
	const invocation: Invocation = {
		argv,
		environment: options.environment ?? {},
		directory: options.directory ?? process.cwd(),
		stdout,
		stderr,
		signals,
		exit: (status) => exits.push(status),
	};
	return { stdout, stderr, signals, exits, status: main(invocation) };
}

/** Calls a command and waits for its end. */
export async function run(main: CommandMain, argv: readonly string[], options: CallOptions = {}) {
	const { stdout, stderr, status } = call(main, argv, options);
	return { status: await status, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes };
}

/** Escape sequences and other control characters, line ends apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL_CHARACTERS = /[\u0000-\u0009\u000B-\u001F\u007F]/;
