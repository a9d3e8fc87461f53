import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { MAX_CONTEXT_ENTRIES, makeManifest } from '../protocol/context-manifest.js';
import { escapingLink } from '../protocol/escaping-link.js';
import {
	type AbortOptions,
	ContainerBuilderError,
	type ContextEntry,
	type ContextManifest,
	type ContextSource,
} from '../spec/index.js';
import { checkContextLimit } from './context-limit.js';
import { mapAhead } from './map-ahead.js';
import { Packer } from './packer.js';
import { digestFile, readFile } from './read-file.js';
import { TAR_END, tarHeader, tarPadding } from './tar-header.js';
import type { FoundFile } from './walk-files.js';

/** Files that are read at the same time. */
const READERS = 8;
/** Files up to this size are read before it is their turn. */
const SMALL_BYTES = 2 ** 16;

/** What a context is made of. */
interface FileContextOptions {
	/** Finds the files; called once, and again where it failed. */
	readonly find: (options: AbortOptions) => AsyncIterable<FoundFile>;
	/** Where they are; for messages. */
	readonly root: string;
	/** Bytes. */
	readonly limit: number;
	/** What the user can do where it is too much. */
	readonly hint: () => string;
}

/** A context of files on this machine. */
export class FileContext implements ContextSource {
	readonly #options: FileContextOptions;
	readonly #files = new Map<string, FoundFile>();
	#manifest: ContextManifest | undefined;
	#making: Promise<ContextManifest> | undefined;

	constructor(options: FileContextOptions) {
		this.#options = options;
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
		let at = 0;
		for (let entry = entries[at]; packer.skipping && entry !== undefined; entry = entries[++at]) {
			throwIfAborted(signal);
			yield* packer.add(await tarHeader(entry));
			if (!packer.skips(entry.size)) yield* this.#pack(packer, this.#contents(entry));
			yield* packer.add(Buffer.alloc(tarPadding(entry.size)));
		}
		for await (const { entry, header, content } of mapAhead(entries.slice(at), READERS, this.#prepare)) {
			throwIfAborted(signal);
			yield* packer.add(header);
			yield* this.#pack(packer, content ?? this.#contents(entry));
			yield* packer.add(Buffer.alloc(tarPadding(entry.size)));
		}
		yield* packer.add(TAR_END);
		yield* packer.rest();
	}

	/** Everything but the contents is found, and checked, before the first file is read. */
	async #make({ signal }: AbortOptions): Promise<ContextManifest> {
		this.#files.clear();
		try {
			for await (const file of this.#options.find({ signal })) {
				if (!this.#files.has(file.path)) this.#files.set(file.path, file);
				if (this.#files.size > MAX_CONTEXT_ENTRIES) throw tooMany(this.#options.hint());
			}
			const entries = withHardLinks([...this.#files.values()]);
			this.#check(entries);
			const complete: ContextEntry[] = [];
			const digested = mapAhead(entries, READERS, (entry) => this.#digest(entry, signal));
			for await (const entry of digested) complete.push(entry);
			this.#manifest = makeManifest(complete);
			return this.#manifest;
		} catch (error) {
			throw signal?.aborted ? canceledError(signal) : error;
		}
	}

	#check(entries: readonly ContextEntry[]): void {
		const { root, limit, hint } = this.#options;
		const link = escapingLink(entries);
		if (link !== undefined) {
			throw new ContainerBuilderError(
				'invalid-definition',
				`the link ${link.path} points out of ${root}, to ${link.target}`,
				{ hint: 'Replace the link by what it points to, or leave it out.' },
			);
		}
		checkContextLimit(
			entries.filter(({ type }) => type === 'file'),
			{ limit, hint: hint() },
		);
	}

	async #digest(entry: ContextEntry, signal: AbortSignal | undefined): Promise<ContextEntry> {
		throwIfAborted(signal);
		if (entry.type !== 'file') return entry;
		return { ...entry, sha256: await digestFile(this.#file(entry), signal) };
	}

	readonly #prepare = async (entry: ContextEntry) => {
		const header = await tarHeader(entry);
		if (entry.size > SMALL_BYTES) return { entry, header };
		const content: Uint8Array[] = [];
		for await (const chunk of this.#contents(entry)) content.push(chunk);
		return { entry, header, content };
	};

	async *#pack(
		packer: Packer,
		content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
	): AsyncGenerator<Uint8Array> {
		for await (const chunk of content) yield* packer.add(chunk);
	}

	async *#contents(entry: ContextEntry): AsyncGenerator<Uint8Array> {
		if (entry.type === 'file') yield* readFile(this.#file(entry), entry.sha256);
	}

	#file({ path }: ContextEntry): FoundFile {
		const file = this.#files.get(path);
		if (file === undefined) throw new TypeError(`${path} is not of this context`);
		return file;
	}
}

/** Entries, as yet without digests, in the order of the manifest: of several names of a file, the first is the file. */
function withHardLinks(files: readonly FoundFile[]): readonly ContextEntry[] {
	const first = new Map<string, string>();
	const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
	return sorted.map(({ path, type, mode, size, target, linked, stamp }) => {
		if (type !== 'file') return { path, type, mode, size: 0, ...(target === undefined ? {} : { target }) };
		const identity = `${stamp.device}:${stamp.inode}`;
		const file = linked ? first.get(identity) : undefined;
		if (file !== undefined) return { path, type: 'link', mode, size: 0, target: file };
		if (linked) first.set(identity, path);
		return { path, type, mode, size };
	});
}

function tooMany(hint: string): ContainerBuilderError {
	return new ContainerBuilderError('size-limit', `the context has more than ${MAX_CONTEXT_ENTRIES} files`, {
		hint,
	});
}
