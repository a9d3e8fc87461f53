import { once } from 'node:events';
import type { ContextEntry } from '../spec/index.js';

/** What an archive ends with. */
export const TAR_END = Buffer.alloc(1024);

/** Zeros behind a file of `size` bytes, up to the next block. */
export function tarPadding(size: number): number {
	return (512 - (size % 512)) % 512;
}

/**
 * The header blocks of one entry: ustar, and pax where a name needs it. Owner, group and times are always the same, so
 * that the same entries give the same bytes everywhere.
 */
export async function tarHeader(entry: ContextEntry): Promise<Buffer> {
	const { path, type, mode, size, target } = entry;
	// Loaded with the first context that is sent.
	const { default: tar } = await import('tar-stream');
	const packing = tar.pack();
	// Nobody reads on behind the header: the entry holds nothing, and is simply forgotten.
	packing.entry({
		name: type === 'directory' ? `${path}/` : path,
		type,
		// The file type's bits keep mode 0 from being taken for none; the header has room for the permissions only.
		mode: mode | 0o100000,
		size,
		mtime: new Date(0),
		uid: 0,
		gid: 0,
		...(target === undefined ? {} : { linkname: target }),
		// A target that is not ASCII would not be looked at otherwise.
		...(target === undefined || /^[\x20-\x7e]*$/.test(target) ? {} : { pax: {} }),
	});
	await once(packing, 'readable');
	const blocks: Uint8Array[] = [];
	for (let block = packing.read(); block !== null; block = packing.read()) blocks.push(block as Uint8Array);
	return Buffer.concat(blocks);
}
