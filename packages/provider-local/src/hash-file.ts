import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { misconfigured } from './misconfigured.js';

/** SHA-256 of a file. Rejects with `provider-misconfigured` where it cannot be read. */
export async function hashFile(path: string): Promise<string> {
	try {
		return createHash('sha256')
			.update(await readFile(path))
			.digest('hex');
	} catch (cause) {
		throw misconfigured(
			`the daemon's file ${path} cannot be read`,
			'Install the package again, or build it.',
			cause,
		);
	}
}
