import {
	createReadStream,
	createWriteStream,
	mkdirSync,
	openSync,
	readdirSync,
	rmSync,
	statSync,
	type WriteStream,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Build } from '@olcf/container-builder-core/spec';
import { logDirectory } from './log-directory.js';
import { logsToRemove } from './logs-to-remove.js';

/** A disk that is so much behind is not waited for. */
const MAX_BEHIND = 64 * 2 ** 20;

/** The whole output of one build in a file of the user's, whatever of it a terminal has shown. It never fails a build. */
export class BuildLog {
	readonly #path: string | undefined;
	#stream: WriteStream | undefined;
	#isGivenUp = false;

	constructor(build: Build, environment: NodeJS.ProcessEnv) {
		const directory = logDirectory(environment);
		this.#path = directory && join(directory, `${build.id}.log`);
		build.on('output', ({ offset, bytes }) => this.#write(offset, bytes));
	}

	/** Where it is, as far as it is kept. */
	get path(): string | undefined {
		return this.#stream === undefined || this.#isGivenUp ? undefined : this.#path;
	}

	/** Bytes of the output that came before; all of them, or undefined where they are not kept. */
	async read(offset: number, size: number): Promise<AsyncIterable<Uint8Array> | undefined> {
		const stream = this.#stream;
		if (stream === undefined || this.#path === undefined) return undefined;
		// What was written before is in the file when this is.
		await new Promise<void>((resolve) => stream.write('', () => resolve()));
		return this.#isGivenUp
			? undefined
			: createReadStream(this.#path, { start: offset, end: offset + size - 1 });
	}

	/** Resolves when it is written, with its path; undefined where there is none, or not all of it. */
	async close(): Promise<string | undefined> {
		const stream = this.#stream;
		if (stream === undefined) return undefined;
		stream.end();
		await finished(stream).catch(() => this.#giveUp());
		return this.#isGivenUp ? undefined : this.#path;
	}

	#write(offset: number, bytes: Uint8Array): void {
		if (this.#path === undefined || this.#isGivenUp) return;
		if (this.#stream === undefined) {
			// Who attached behind the beginning has not got all of it.
			this.#stream = offset > 0 ? undefined : open(this.#path);
			this.#stream?.on('error', () => this.#giveUp());
		}
		this.#stream?.write(bytes);
		if (this.#stream === undefined || this.#stream.writableLength > MAX_BEHIND) this.#giveUp();
	}

	#giveUp(): void {
		this.#isGivenUp = true;
		this.#stream?.destroy();
		if (this.#stream !== undefined && this.#path !== undefined) rmSync(this.#path, { force: true });
	}
}

/** Undefined where it cannot be written. */
function open(path: string): WriteStream | undefined {
	const directory = dirname(path);
	try {
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		// What a build prints may be confidential.
		const fd = openSync(path, 'w', 0o600);
		const logs = readdirSync(directory).flatMap((name) => {
			const found = statSync(join(directory, name), { throwIfNoEntry: false });
			return found?.isFile() && name.endsWith('.log')
				? [{ name, size: found.size, modifiedAt: found.mtimeMs }]
				: [];
		});
		for (const name of logsToRemove(logs)) rmSync(join(directory, name), { force: true });
		return createWriteStream(path, { fd });
	} catch {
		return undefined;
	}
}
