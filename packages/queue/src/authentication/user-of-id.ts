import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ContainerBuilderError, type Identity } from '@olcf/container-builder-core';

const run = promisify(execFile);

/** The account of a numeric id on this machine, with all its groups. Rejects with `unauthenticated` where there is none. */
export async function userOfId(uid: number): Promise<Omit<Identity, 'method'>> {
	try {
		const [user, groups] = await Promise.all([id('-un', uid), id('-Gn', uid)]);
		return { user, groups: groups.split(' ').filter((group) => group !== '') };
	} catch (cause) {
		throw new ContainerBuilderError('unauthenticated', `the queue's machine has no user with the id ${uid}`, {
			cause,
		});
	}
}

async function id(what: '-un' | '-Gn', uid: number): Promise<string> {
	const { stdout } = await run('id', [what, '--', String(uid)]);
	return stdout.trim();
}
