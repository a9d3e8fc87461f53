import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { NEW_FILE } from './new-file.js';

/** Up to so many bytes a file is written at one go. */
export const SMALL_BYTES = 2 ** 16;

/**
 * Writes a new file of few bytes and resolves with its SHA-256. By calls that wait: each of them takes microseconds,
 * its turn in the thread pool a hundred, and a context has thousands of such files.
 */
export async function writeSmallFile(
	path: string,
	content: AsyncIterable<Uint8Array>,
	mode: number,
	onBytes: (count: number) => void,
): Promise<string> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of content) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	const file = openSync(path, NEW_FILE, 0o600);
	try {
		for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
		fchmodSync(file, mode);
	} finally {
		closeSync(file);
	}
	onBytes(bytes.length);
	return createHash('sha256').update(bytes).digest('hex');
}
