import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { processIdentity } from './process-identity.js';

/** How long killed processes may take to be gone. */
const GONE_MS = 10_000;

/**
 * Kills the processes of a group, and resolves when none of them is left: the program, and what watches over its
 * lifetime, which would end by itself only some time after it.
 */
export async function endGroup(group: number): Promise<void> {
	const deadline = performance.now() + GONE_MS;
	for (;;) {
		try {
			process.kill(-group, 'SIGKILL');
		} catch {
			return;
		}
		// What nobody has waited for yet counts as a member, but does nothing any more.
		if (!(await hasMembers(group))) return;
		if (performance.now() > deadline) {
			throw new ContainerBuilderError('provider-unavailable', `the processes of group ${group} do not end`);
		}
		await sleep(5);
	}
}

async function hasMembers(group: number): Promise<boolean> {
	for (const name of await readdir('/proc')) {
		if (/^\d+$/.test(name) && (await processIdentity(Number(name)))?.group === group) return true;
	}
	return false;
}
