import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessUser } from '../process/output-pipe.js';

/** An ordinary user of the builder image that builds run as. */
export interface BuildUser extends ProcessUser {
	readonly name: string;
	/** Its own id and those that its user namespaces map: nothing else on the machine runs as one of them. */
	readonly ids: ReadonlySet<number>;
}

/** The user of this name with its subordinate ids; undefined where there is none, or it has no such ids. */
export async function findBuildUser(name: string): Promise<BuildUser | undefined> {
	const [users, ranges] = await Promise.all([table('/etc/passwd'), table('/etc/subuid')]);
	const [, , uid, gid] = users.find(([user]) => user === name) ?? [];
	if (uid === undefined || gid === undefined) return undefined;
	const own = ranges.filter(([user]) => user === name || user === uid);
	if (own.length === 0) return undefined;
	const ids = new Set([Number(uid)]);
	for (const [, first, count] of own) {
		for (let id = Number(first); id < Number(first) + Number(count); id++) ids.add(id);
	}
	return { name, uid: Number(uid), gid: Number(gid), ids };
}

/** Gives directories, with all that is in them, to a user; links are not followed. */
export async function giveTo(user: ProcessUser, directories: readonly string[]): Promise<void> {
	await promisify(execFile)('chown', ['-hR', `${user.uid}:${user.gid}`, '--', ...directories]);
}

async function table(path: string): Promise<readonly (readonly string[])[]> {
	const text = await readFile(path, 'utf8').catch(() => '');
	return text.split('\n').map((line) => line.split(':'));
}
