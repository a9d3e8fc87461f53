import { readFile } from 'node:fs/promises';

/** Descriptors that a queue needs beside one for each client and builder. */
const OWN = 100;

/** How many files this process may have open, and so how many clients and builders together it can hold. */
export interface OpenFiles {
	readonly soft: number;
	readonly hard: number;
	/** Clients and builders together: each has one socket. Node raises the soft limit to the hard one by itself. */
	readonly connections: number;
}

/** Reads the limits (getrlimit(2), RLIMIT_NOFILE); undefined where the system does not tell. */
export async function openFiles(): Promise<OpenFiles | undefined> {
	const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
	const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text) ?? [];
	if (soft === undefined || hard === undefined) return undefined;
	const [softLimit, hardLimit] = [soft, hard].map((limit) =>
		limit === 'unlimited' ? Infinity : Number(limit),
	);
	if (softLimit === undefined || hardLimit === undefined) return undefined;
	return { soft: softLimit, hard: hardLimit, connections: Math.max(0, softLimit - OWN) };
}
