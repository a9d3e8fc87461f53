import type { AbortOptions } from './abort-options.js';

/** One entry of a context. Owner, group and times are not kept: they are the sender's business. */
export interface ContextEntry {
	/** Relative to the context's root, `/` between its parts, without `.` or `..`. */
	readonly path: string;
	/** `link`: a further name (hard link) of the file that comes before it in the manifest. */
	readonly type: 'file' | 'directory' | 'symlink' | 'link';
	/** Permission bits, 0 to 0o7777. */
	readonly mode: number;
	/** Bytes of a file; 0 for the others. */
	readonly size: number;
	/** Of a file's bytes, 64 lower-case hexadecimal digits. */
	readonly sha256?: string | undefined;
	/** Where a symbolic link points to, never out of the context; of a `link`: the path of the file, whose mode it has. */
	readonly target?: string | undefined;
}

/** All that will be sent, known before anything is sent. */
export interface ContextManifest {
	/** Sorted by path, by UTF-16 code units. */
	readonly entries: readonly ContextEntry[];
	/** Sum of the files' bytes. */
	readonly size: number;
	/** SHA-256 of the entries in their canonical form: this *is* the digest of the context. */
	readonly digest: string;
}

/** The local files that a definition refers to. */
export interface ContextSource {
	/** The pre-pass. Calls after the first give the same manifest. */
	manifest(options?: AbortOptions): Promise<ContextManifest>;
	/**
	 * The tar archive (POSIX pax) of the manifest's entries from byte `from`; the same bytes at every call.
	 * Throws `source-changed`, naming the file, where one is no longer what the manifest says.
	 */
	archive(options?: { readonly from?: number } & AbortOptions): AsyncIterable<Uint8Array>;
}
