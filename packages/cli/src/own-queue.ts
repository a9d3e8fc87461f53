import { lstatSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { QueueAddress } from './queue-address.js';

/**
 * Where a user's own queue of this machine has its socket and its log: `container-builder` in `$XDG_RUNTIME_DIR` (XDG
 * Base Directory Specification), or a directory of the user's for temporary files where there is none.
 */
export function ownQueueDirectory(environment: NodeJS.ProcessEnv): string {
	const runtime = environment.XDG_RUNTIME_DIR;
	if (runtime?.startsWith('/')) return join(runtime, 'container-builder');
	return join(tmpdir(), `container-builder-${userInfo().uid}`);
}

/** The name that it stamps on what it makes. */
export function ownQueueOwner(): string {
	return `user-${userInfo().uid}`;
}

/** Its address, whether or not it runs. */
export function ownQueueAddress(directory: string): QueueAddress {
	return { endpoint: { url: `ws+unix://${join(directory, 'queue.sock')}` }, insecure: false };
}

/** Its address where there is a socket of this user's; it may be a dead one. */
export function findOwnQueue(environment: NodeJS.ProcessEnv): QueueAddress | undefined {
	const directory = ownQueueDirectory(environment);
	try {
		const found = lstatSync(join(directory, 'queue.sock'));
		return found.isSocket() && found.uid === userInfo().uid ? ownQueueAddress(directory) : undefined;
	} catch {
		// Not there, or behind a directory that is somebody else's: none of this user's.
		return undefined;
	}
}
