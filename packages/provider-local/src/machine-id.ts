import { createHash } from 'node:crypto';

/** Names are a queue's or a user's; ids become names of files, sockets and control groups, and have to be short. */
export function machineId(provider: string, owner: string, builderId: string): string {
	return createHash('sha256')
		.update(JSON.stringify([provider, owner, builderId]))
		.digest('hex')
		.slice(0, 16);
}

/** Whether a name in the state directory is that of a machine. */
export function isMachineId(name: string): boolean {
	return /^[0-9a-f]{16}$/.test(name);
}

/** Tells the state directories of one host apart where they share something: disks, control groups. */
export function stateTag(stateDirectory: string): string {
	return createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8);
}
