import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** The ids out here that a sandbox's ids from 0 on are. */
export interface IdRange {
	readonly first: number;
	readonly count: number;
}

/** Ids of a sandbox: its own 65536, and as many for the user namespaces in it, twice. */
export const SANDBOX_IDS = 196_608;

/** A build runs as a user who has 65536 further ids: fewer do not do. */
const MINIMUM_IDS = 131_072;

/** The widest range that a line of `/etc/subuid` or `/etc/subgid` gives to a user, by name or number. */
export function parseSubordinateIds(text: string, user: string, userId: number): IdRange | undefined {
	let widest: IdRange | undefined;
	for (const line of text.split('\n')) {
		const [name, first, count] = line.trim().split(':');
		if (name !== user && name !== String(userId)) continue;
		if (!/^\d+$/.test(first ?? '') || !/^\d+$/.test(count ?? '')) continue;
		const range = { first: Number(first), count: Number(count) };
		if (range.count > (widest?.count ?? 0)) widest = range;
	}
	return widest;
}

/** The ids that the calling user's sandboxes have; a message where there are too few. */
export async function userRange(): Promise<IdRange | string> {
	const { username, uid } = userInfo();
	const [users, groups] = await Promise.all(
		['/etc/subuid', '/etc/subgid'].map(async (path) =>
			parseSubordinateIds(await readFile(path, 'utf8').catch(() => ''), username, uid),
		),
	);
	if (users === undefined) return `${username} has no range in /etc/subuid`;
	if (groups === undefined) return `${username} has no range in /etc/subgid`;
	if (users.first !== groups.first) {
		return `the ranges of ${username} in /etc/subuid and /etc/subgid begin with different ids`;
	}
	const count = Math.min(users.count, groups.count, SANDBOX_IDS);
	if (count < MINIMUM_IDS) {
		return `${username} has ${count} subordinate ids in /etc/subuid and /etc/subgid, but ${MINIMUM_IDS} are needed`;
	}
	return { first: users.first, count };
}
