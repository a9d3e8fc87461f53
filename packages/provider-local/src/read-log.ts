import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The last bytes of what a machine has said; the logger keeps it in two files, the older one being `log.1`. */
export async function readLogTail(directory: string, bytes: number): Promise<string> {
	const parts = await Promise.all(
		['log.1', 'log'].map((name) => readFile(join(directory, name)).catch(() => Buffer.alloc(0))),
	);
	return Buffer.concat(parts).subarray(-bytes).toString('utf8');
}
