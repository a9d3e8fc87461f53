import { mkdir } from 'node:fs/promises';
import type { ContextManifest } from '@olcf/container-builder-core';
import { decodeManifest, encodeManifest } from '@olcf/container-builder-core/protocol';
import { checkManifest } from '../../src/context/check-manifest.js';
import { ContextUnpacker } from '../../src/context/context-unpacker.js';

/** What is taken of a manifest and an archive, as the receiver takes them; the archive in pieces of `step` bytes. */
export async function unpack(
	directory: string,
	manifest: ContextManifest,
	archive: Buffer,
	step = 65_536,
): Promise<void> {
	await mkdir(directory);
	const decoded = decodeManifest(encodeManifest(manifest.entries), manifest.digest);
	checkManifest(decoded);
	const unpacker = new ContextUnpacker(directory, decoded, () => {});
	try {
		for (let at = 0; at < archive.length; at += step) await unpacker.write(archive.subarray(at, at + step));
		await unpacker.finish(archive.length);
	} finally {
		await unpacker.close();
	}
}
