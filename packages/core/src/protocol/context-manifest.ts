import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ContainerBuilderError, type ContextEntry, type ContextManifest } from '../spec/index.js';
import { countSchema, sha256Schema } from './primitives.js';

/** Most entries that a context may have. */
export const MAX_CONTEXT_ENTRIES = 1_000_000;

const safePath = z
	.string()
	.min(1)
	.max(4096)
	.refine(
		(path) =>
			!path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
		'a relative path without empty parts, `.` or `..`',
	);
const entrySchema = z.strictObject({
	path: safePath,
	type: z.enum(['file', 'directory', 'symlink', 'link']),
	mode: z.number().int().min(0).max(0o7777),
	size: countSchema,
	sha256: sha256Schema.optional(),
	target: z.string().min(1).max(4096).optional(),
});

/**
 * The canonical form of a manifest: the JSON array of its entries, keys in the order of `ContextEntry`, sorted by
 * path. Its SHA-256 is the digest of the context.
 */
export function encodeManifest(entries: readonly ContextEntry[]): Uint8Array {
	const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
	const ordered = sorted.map(({ path, type, mode, size, sha256, target }) => ({
		path,
		type,
		mode,
		size,
		sha256,
		target,
	}));
	return Buffer.from(JSON.stringify(ordered));
}

/** The manifest of these entries, sorted, with size and digest. */
export function makeManifest(entries: readonly ContextEntry[]): ContextManifest {
	const bytes = encodeManifest(entries);
	return decodeManifest(bytes, createHash('sha256').update(bytes).digest('hex'));
}

/**
 * Reads a manifest that came from elsewhere. Throws `digest-mismatch` where it is not the one of `digest`, and
 * `protocol` where it is not a manifest: paths that leave the root, doubles, wrong order, hard links to what is no
 * file before them.
 */
export function decodeManifest(bytes: Uint8Array, digest: string): ContextManifest {
	if (createHash('sha256').update(bytes).digest('hex') !== digest) {
		throw new ContainerBuilderError(
			'digest-mismatch',
			'the manifest of the context is not the announced one',
		);
	}
	const parsed = z.array(entrySchema).max(MAX_CONTEXT_ENTRIES).safeParse(parseJson(bytes));
	if (!parsed.success) {
		throw new ContainerBuilderError('protocol', `not a manifest: ${z.prettifyError(parsed.error)}`);
	}
	let size = 0;
	let previous = '';
	const modes = new Map<string, number>();
	for (const entry of parsed.data) {
		if (entry.path <= previous) {
			throw new ContainerBuilderError('protocol', `not a manifest: ${entry.path} is out of order`);
		}
		const isFile = entry.type === 'file';
		const isLink = entry.type === 'symlink' || entry.type === 'link';
		if (
			isFile !== (entry.sha256 !== undefined) ||
			isLink !== (entry.target !== undefined) ||
			(!isFile && entry.size !== 0)
		) {
			throw new ContainerBuilderError(
				'protocol',
				`not a manifest: ${entry.path} has the wrong fields for a ${entry.type}`,
			);
		}
		if (entry.type === 'link' && modes.get(entry.target ?? '') !== entry.mode) {
			throw new ContainerBuilderError(
				'protocol',
				`not a manifest: ${entry.path} is a link to no file of the same mode before it`,
			);
		}
		if (isFile) modes.set(entry.path, entry.mode);
		previous = entry.path;
		size += entry.size;
	}
	return { entries: parsed.data, size, digest };
}

function parseJson(bytes: Uint8Array): unknown {
	try {
		return JSON.parse(Buffer.from(bytes).toString('utf8'));
	} catch (error) {
		throw new ContainerBuilderError('protocol', 'not a manifest: it is not JSON', { cause: error });
	}
}
