import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { NEW_FILE } from './new-file.js';
import { SparseWriter } from './sparse-writer.js';

/** Writes a new file, with holes where there is nothing, and resolves with its SHA-256. */
export async function writeSparseFile(
	path: string,
	content: AsyncIterable<Uint8Array>,
	mode: number,
	onBytes: (count: number) => void,
): Promise<string> {
	const file = await open(path, NEW_FILE, 0o600);
	const writer = new SparseWriter(file);
	try {
		const hash = createHash('sha256');
		for await (const chunk of content) {
			hash.update(chunk);
			await writer.write(chunk);
			onBytes(chunk.length);
		}
		await writer.finish();
		await file.chmod(mode);
		return hash.digest('hex');
	} finally {
		await writer.settled();
		await file.close();
	}
}
