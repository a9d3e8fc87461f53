import { chmod, link, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ContainerBuilderError, type ContextEntry, type ContextManifest } from '@olcf/container-builder-core';
import { type Extract, extract, type Header } from 'tar-stream';
import { fileError } from '../build/disk-full.js';
import { SMALL_BYTES, writeSmallFile } from './write-small-file.js';
import { writeSparseFile } from './write-sparse-file.js';

/** Most bytes that the headers of one entry take: names and targets of 4096 bytes in pax records, and padding. */
const MAX_ENTRY_OVERHEAD = 16_384;

/** The bytes of one entry; not all of them need to be read. */
type Content = AsyncIterable<unknown> & { resume(): unknown };

/**
 * Unpacks the archive of a context as it arrives, and believes nothing but the manifest. Symbolic links are made
 * last of all, so that while files are being written there is none that one could be led through.
 */
export class ContextUnpacker {
	readonly #directory: string;
	readonly #manifest: ContextManifest;
	readonly #missing: Map<string, ContextEntry>;
	/** Directories. */
	readonly #made = new Set<string>();
	/** Files. */
	readonly #written = new Set<string>();
	readonly #extract: Extract = extract();
	readonly #unpacked: Promise<void>;
	readonly #onFailure: (error: ContainerBuilderError) => void;
	#failure: ContainerBuilderError | undefined;
	#offset = 0;
	#fileBytes = 0;

	/** `directory` must be there and empty, and nobody else may write in it. A failure is also told at once. */
	constructor(
		directory: string,
		manifest: ContextManifest,
		onFailure: (error: ContainerBuilderError) => void,
	) {
		this.#directory = directory;
		this.#manifest = manifest;
		this.#onFailure = onFailure;
		this.#missing = new Map(manifest.entries.map((entry) => [entry.path, entry]));
		this.#unpacked = this.#unpack();
	}

	/** Bytes of the archive that were taken. */
	get offset(): number {
		return this.#offset;
	}

	/** Bytes of files that were written. */
	get fileBytes(): number {
		return this.#fileBytes;
	}

	/** Takes the next bytes; resolves when there is room for more. What it rejects with is final. */
	async write(chunk: Uint8Array): Promise<void> {
		if (this.#failure) throw this.#failure;
		this.#offset += chunk.length;
		const { size, entries } = this.#manifest;
		if (this.#offset > size + (entries.length + 64) * MAX_ENTRY_OVERHEAD) {
			throw new ContainerBuilderError('protocol', 'the archive is longer than its manifest allows');
		}
		if (!this.#extract.write(chunk)) await this.#room();
		if (this.#extract.destroying) await this.#unpacked;
		if (this.#failure) throw this.#failure;
	}

	/** Checks that all `size` bytes of the archive are there, and all that is in the manifest; rejects with `protocol`. */
	async finish(size: number): Promise<void> {
		if (size !== this.#offset) {
			throw new ContainerBuilderError(
				'protocol',
				`${this.#offset} bytes of the archive have arrived, and ${size} were sent`,
			);
		}
		this.#extract.end(undefined);
		await this.#unpacked;
		if (this.#failure) throw this.#failure;
		const [missing] = this.#missing.keys();
		if (missing !== undefined) {
			throw new ContainerBuilderError('protocol', `the archive lacks ${missing}`);
		}
		await this.#finishEntries().catch((error: unknown) => {
			throw fileError(error);
		});
	}

	/** Ends it in the middle. Idempotent. */
	async close(): Promise<void> {
		this.#extract.destroy();
		await this.#unpacked;
	}

	/** Resolves when the parser has room again, or has failed. */
	#room(): Promise<void> {
		return new Promise((resolve) => {
			const done = (): void => {
				this.#extract.off('drain', done);
				this.#extract.off('close', done);
				resolve();
			};
			this.#extract.on('drain', done);
			this.#extract.on('close', done);
			if (this.#extract.destroyed) done();
		});
	}

	async #unpack(): Promise<void> {
		try {
			for await (const entry of this.#extract) await this.#take(entry.header, entry);
		} catch (error) {
			// What did not come from the file system came from the archive.
			const ofSystem = error instanceof Error && 'syscall' in error;
			this.#failure = ofSystem ? fileError(error) : ContainerBuilderError.from(error, 'protocol');
			this.#extract.destroy();
			this.#onFailure(this.#failure);
		}
	}

	async #take(header: Header, content: Content): Promise<void> {
		const path = header.type === 'directory' ? header.name.replace(/\/$/, '') : header.name;
		const entry = this.#missing.get(path);
		if (!entry) refuse(path, 'is not in the manifest, or comes twice');
		if (header.type !== entry.type) refuse(path, `is a ${header.type}, not a ${entry.type}`);
		if ((header.mode & 0o7777) !== entry.mode) refuse(path, 'has another mode than in the manifest');
		if (header.size !== entry.size) refuse(path, 'has another size than in the manifest');
		if (entry.target !== undefined && header.linkname !== entry.target)
			refuse(path, 'points to another target');
		this.#missing.delete(path);
		if (entry.type === 'directory') await this.#makeDirectory(path);
		if (entry.type === 'file') await this.#writeFile(entry, content);
		if (entry.type === 'link') await this.#link(entry);
		content.resume();
	}

	/** A further name of a file that is there already: no other than those written here, so none is led outside. */
	async #link({ path, target = '' }: ContextEntry): Promise<void> {
		if (!this.#written.has(target)) refuse(path, 'is a link to a file that did not come before');
		await this.#makeDirectory(dirname(path));
		await link(join(this.#directory, target), join(this.#directory, path));
	}

	async #writeFile(entry: ContextEntry, content: Content): Promise<void> {
		await this.#makeDirectory(dirname(entry.path));
		const path = join(this.#directory, entry.path);
		const write = (entry.size ?? 0) <= SMALL_BYTES ? writeSmallFile : writeSparseFile;
		const sha256 = await write(path, content as AsyncIterable<Uint8Array>, entry.mode, (bytes) => {
			this.#fileBytes += bytes;
		});
		if (sha256 !== entry.sha256) {
			throw new ContainerBuilderError('digest-mismatch', `${entry.path} is not the file of the manifest`);
		}
		this.#written.add(entry.path);
	}

	/** Makes a directory and those above it, for the time being with the owner's rights only. */
	async #makeDirectory(path: string): Promise<void> {
		if (path === '.' || this.#made.has(path)) return;
		await this.#makeDirectory(dirname(path));
		await mkdir(join(this.#directory, path), 0o700);
		this.#made.add(path);
	}

	/** Links, and the directories' own modes, the deepest first. */
	async #finishEntries(): Promise<void> {
		const modes = new Map(this.#manifest.entries.map(({ path, mode }) => [path, mode]));
		for (const { path, type, target } of this.#manifest.entries) {
			if (type !== 'symlink' || target === undefined) continue;
			await this.#makeDirectory(dirname(path));
			await symlink(target, join(this.#directory, path));
		}
		for (const path of [...this.#made].sort().reverse()) {
			await chmod(join(this.#directory, path), modes.get(path) ?? 0o755);
		}
	}
}

function refuse(path: string, what: string): never {
	throw new ContainerBuilderError('protocol', `not the archive of the manifest: ${path} ${what}`);
}
