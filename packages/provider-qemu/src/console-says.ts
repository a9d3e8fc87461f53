import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { isRunning, type ProcessIdentity } from './process-identity.js';

/** What is waited for at a machine's console. */
export interface ConsoleWait {
	/** Path of the file that the console goes to. */
	readonly console: string;
	readonly text: string;
	readonly process: ProcessIdentity;
	readonly limitMs: number;
	/** What has not happened where the text does not come. */
	readonly otherwise: string;
	readonly signal: AbortSignal | undefined;
}

/** Resolves when it has said so. Rejects with `provider-unavailable` where the machine ends before, or takes too long. */
export async function consoleSays(wait: ConsoleWait): Promise<void> {
	const { console, text, process, limitMs, otherwise, signal } = wait;
	const deadline = performance.now() + limitMs;
	for (;;) {
		const said = await readFile(console, 'utf8').catch(() => '');
		if (said.includes(`container-builder: ${text}`)) return;
		throwIfAborted(signal);
		if (performance.now() > deadline || !(await isRunning(process))) {
			const last = said.trim().split('\n').at(-1);
			throw new ContainerBuilderError('provider-unavailable', last ? `${otherwise}: ${last}` : otherwise, {
				outcome: 'none',
			});
		}
		await sleep(10);
	}
}
