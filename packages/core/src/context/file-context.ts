import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { MAX_CONTEXT_ENTRIES, makeManifest } from '../protocol/context-manifest.js';
import {
	type AbortOptions,
	ContainerBuilderError,
	type ContextEntry,
	type ContextManifest,
	type ContextSource,
} from '../spec/index.js';
import { TAR_END, tarHeader, tarPadding } from './tar-header.js';
import { type FileStamp, type FoundFile, fileStamp, unreadable } from './walk-files.js';

/** Bytes that are read, and handed on, at a time. */
const CHUNK_BYTES = 2 ** 20;

/** Finds the files of a context; called once. */
export type FindFiles = (options: AbortOptions) => AsyncIterable<FoundFile>;

/** A context of files on this machine. */
export class FileContext implements ContextSource {
	readonly #find: FindFiles;
	readonly #files = new Map<string, FoundFile>();
	#manifest: ContextManifest | undefined;
	#making: Promise<ContextManifest> | undefined;

	constructor(find: FindFiles) {
		this.#find = find;
	}

	async manifest(options: AbortOptions = {}): Promise<ContextManifest> {
		throwIfAborted(options.signal);
		if (this.#manifest !== undefined) return this.#manifest;
		this.#making ??= this.#make(options).finally(() => {
			this.#making = undefined;
		});
		return await this.#making;
	}

	async *archive(options: { readonly from?: number } & AbortOptions = {}): AsyncIterable<Uint8Array> {
		const { from = 0, signal } = options;
		const { entries } = await this.manifest({ signal });
		const packer = new Packer(from);
		for (const entry of entries) {
			throwIfAborted(signal);
			yield* packer.add(await tarHeader(entry));
			if (entry.type !== 'file') continue;
			if (packer.skips(entry.size)) packer.skip(entry.size);
			else yield* packer.addFrom(this.#contents(entry));
			yield* packer.add(Buffer.alloc(tarPadding(entry.size)));
		}
		yield* packer.add(TAR_END);
		yield* packer.rest();
	}

	async #make({ signal }: AbortOptions): Promise<ContextManifest> {
		this.#files.clear();
		const entries: ContextEntry[] = [];
		try {
			for await (const file of this.#find({ signal })) {
				if (this.#files.has(file.path)) continue;
				this.#files.set(file.path, file);
				const { path, type, mode, target } = file;
				if (type !== 'file') {
					entries.push({ path, type, mode, size: 0, ...(target === undefined ? {} : { target }) });
				} else entries.push(await digest(file, signal));
				if (entries.length > MAX_CONTEXT_ENTRIES) throw tooMany();
			}
		} catch (error) {
			throw signal?.aborted ? canceledError(signal) : error;
		}
		this.#manifest = makeManifest(entries);
		return this.#manifest;
	}

	/** The bytes of a file that must still be what it was. */
	async *#contents(entry: ContextEntry): AsyncGenerator<Uint8Array> {
		const file = this.#files.get(entry.path);
		if (file === undefined) throw new TypeError(`${entry.path} is not of this context`);
		const hash = createHash('sha256');
		let size = 0;
		const handle = await open(file.absolutePath, 'r').catch((error) => {
			throw changed(entry.path, error);
		});
		try {
			await checkStamp(handle, file);
			for await (const chunk of readChunks(handle, entry.size)) {
				size += chunk.byteLength;
				if (size > entry.size) throw changed(entry.path);
				hash.update(chunk);
				yield chunk;
			}
			if (size !== entry.size || hash.digest('hex') !== entry.sha256) throw changed(entry.path);
		} finally {
			await handle.close();
		}
	}
}

/** Puts pieces together to chunks, and leaves out what comes before some offset. */
class Packer {
	#skip: number;
	#pieces: Uint8Array[] = [];
	#size = 0;

	constructor(from: number) {
		this.#skip = from;
	}

	/** Whether the next `size` bytes are all left out. */
	skips(size: number): boolean {
		return this.#skip >= size;
	}

	skip(size: number): void {
		this.#skip -= size;
	}

	*add(bytes: Uint8Array): Generator<Uint8Array> {
		const left = bytes.subarray(Math.min(this.#skip, bytes.byteLength));
		this.#skip -= bytes.byteLength - left.byteLength;
		if (left.byteLength === 0) return;
		this.#pieces.push(left);
		this.#size += left.byteLength;
		if (this.#size >= CHUNK_BYTES / 2) yield* this.rest();
	}

	async *addFrom(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
		for await (const bytes of source) yield* this.add(bytes);
	}

	*rest(): Generator<Uint8Array> {
		const [only] = this.#pieces;
		if (only === undefined) return;
		yield this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces, this.#size);
		this.#pieces = [];
		this.#size = 0;
	}
}

async function digest(file: FoundFile, signal: AbortSignal | undefined): Promise<ContextEntry> {
	const { path, type, mode, size } = file;
	const handle = await open(file.absolutePath, 'r').catch((error) => {
		throw unreadable(path, error);
	});
	try {
		const hash = createHash('sha256');
		let read = 0;
		for await (const chunk of readChunks(handle, size)) {
			throwIfAborted(signal);
			hash.update(chunk);
			read += chunk.byteLength;
		}
		if (read !== size) throw changed(path);
		await checkStamp(handle, file);
		return { path, type, mode, size, sha256: hash.digest('hex') };
	} finally {
		await handle.close();
	}
}

/** The bytes of a file that should have `size` of them, and what comes behind. */
async function* readChunks(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
	for (let position = 0; ; ) {
		// Room for one byte more, so that the end is seen. Not used again: who gets it may still be sending it.
		const room = Math.min(CHUNK_BYTES, Math.max(size - position, 0) + 1);
		const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(room), 0, room, null);
		if (bytesRead === 0) return;
		position += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

async function checkStamp(handle: FileHandle, { path, stamp }: FoundFile): Promise<void> {
	const now: FileStamp = fileStamp(await handle.stat({ bigint: true }));
	if (now.size !== stamp.size || now.mtimeNs !== stamp.mtimeNs || now.inode !== stamp.inode)
		throw changed(path);
}

function changed(path: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('source-changed', `${path} changed while it was being sent`, {
		cause,
		hint: 'Build again when nothing writes to it.',
	});
}

function tooMany(): ContainerBuilderError {
	return new ContainerBuilderError(
		'size-limit',
		`the definition refers to more than ${MAX_CONTEXT_ENTRIES} files`,
		{ hint: 'Name the files that are needed instead of a whole directory.' },
	);
}
