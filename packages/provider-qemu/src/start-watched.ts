import { spawn } from 'node:child_process';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '@olcf/container-builder-core';
import { endGroup } from './end-group.js';

/** A program that runs beside this process, and how it is known that it does. */
export interface WatchedStart<Ready> {
	readonly directory: string;
	readonly command: readonly string[];
	/** File that its output goes to. */
	readonly log: string;
	/** Path of a file that it finds open as descriptor 3. */
	readonly handed?: string | undefined;
	/** How long it may take. */
	readonly limitMs: number;
	/** Asked again and again; undefined: not yet. */
	readonly isReady: () => Promise<Ready | undefined>;
	/** The error for one that has ended, or is not ready in time, by what it said. */
	readonly explain: (said: string, isLate: boolean) => Error;
	readonly signal: AbortSignal | undefined;
}

/** Starts it in a session of its own, and resolves with what `isReady` says; one that does not get there is killed. */
export async function startWatched<Ready>(start: WatchedStart<Ready>): Promise<Ready> {
	const { signal } = start;
	throwIfAborted(signal);
	const [program = '', ...args] = start.command;
	const log = await open(start.log, 'w', 0o600);
	let handed: FileHandle | undefined;
	try {
		if (start.handed !== undefined) handed = await open(start.handed);
		// A Ctrl-C is for this process only.
		const child = spawn(program, args, {
			cwd: start.directory,
			detached: true,
			stdio: ['ignore', log.fd, log.fd, ...(handed === undefined ? [] : [handed.fd])],
		});
		let end: string | undefined;
		child.once('error', (error) => {
			end ??= `${program}: ${error.message}`;
		});
		child.once('exit', () => {
			end ??= '';
		});
		child.unref();
		const deadline = performance.now() + start.limitMs;
		for (;;) {
			const ready = end === undefined ? await start.isReady() : undefined;
			if (ready !== undefined && end === undefined) return ready;
			const isLate = performance.now() > deadline;
			if (end !== undefined || isLate || signal?.aborted) {
				if (child.pid !== undefined) await endGroup(child.pid);
				throwIfAborted(signal);
				const said = `${await readFile(start.log, 'utf8')}\n${end ?? ''}`.trim();
				throw start.explain(said, isLate);
			}
			await sleep(10);
		}
	} finally {
		await Promise.all([log.close(), handed?.close()]);
	}
}
