import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath } from '@olcf/container-builder-core';

const execute = promisify(execFile);

/** The mirror that this machine's apt uses. */
export async function aptMirror(): Promise<string> {
	const { stdout } = await execute('apt-get', [
		'indextargets',
		'--format',
		'$(REPO_URI)',
		'Created-By: Packages',
	]);
	const mirror = stdout.split('\n').find((line) => line !== '' && !line.includes('security'));
	if (mirror === undefined) throw new Error('apt on this machine has no mirror');
	return mirror.replace(/\/+$/, '');
}

/**
 * A small Debian file system as a tar archive: the one debootstrap that all tests share. Kept in the cache, keyed by
 * what made it.
 */
export async function debianBase(): Promise<string> {
	const mirror = await aptMirror();
	const options = [
		'--mode=root',
		'--variant=apt',
		'--include=ca-certificates',
		'--aptopt=Acquire::Languages "none"',
	];
	const key = createHash('sha256')
		.update(JSON.stringify([options, mirror, 'bookworm']))
		.digest('hex')
		.slice(0, 16);
	const directory = join(cachePath(), 'tests');
	const path = join(directory, `bookworm-${key}.tar`);
	if (existsSync(path)) return path;
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const partial = `${path}.${process.pid}.partial.tar`;
	await execute('mmdebstrap', [...options, 'bookworm', partial, `deb ${mirror} bookworm main`]);
	renameSync(partial, path);
	return path;
}
