import { createHash } from 'node:crypto';

/** Name of a machine's directory: names are a queue's, and the path of a socket has to be short. */
export function machineDirectoryName(owner: string, builderId: string): string {
	return createHash('sha256')
		.update(JSON.stringify([owner, builderId]))
		.digest('hex')
		.slice(0, 16);
}

/** Whether a name in the state directory is that of a machine. */
export function isMachineDirectory(name: string): boolean {
	return /^[0-9a-f]{16}$/.test(name);
}
