import { execFile, execFileSync } from 'node:child_process';
import { chown, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IMAGE } from '../../src/backends/buildah-arguments.js';
import { archiveDefinition, packOwnedCommand } from '../../src/backends/keep-owners.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;

/** Behaves as the real one does as far as the command looks: enters nothing, mounts a directory that is there. */
const BUILDAH = `#!/bin/sh
[ "$1 $2" = '--root STORE' ] || exit 99
shift 2
echo "$*" >> "$LOG"
case $1 in
unshare) shift; exec "$@" ;;
from) echo working-container ;;
mount) [ "$2" = working-container ] && echo "$IMAGE_ROOT" ;;
umount) echo noise; exit "\${UMOUNT_STATUS:-0}" ;;
esac
`;

let directory: string;
let root: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "cb keep-owners' test-"));
	root = join(directory, 'mounted');
	for (const name of ['mounted/sub/deep', 'store/overlay'])
		await mkdir(join(directory, name), { recursive: true });
	await writeFile(join(directory, 'buildah'), BUILDAH, { mode: 0o755 });
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

async function pack(environment: Record<string, string> = {}) {
	const [file, ...words] = packOwnedCommand([join(directory, 'buildah'), '--root', 'STORE'], {
		archive: join(directory, 'owned.tar'),
		store: join(directory, 'store'),
	});
	return await run(file, words, {
		env: { PATH: process.env.PATH, LOG: join(directory, 'log'), IMAGE_ROOT: root, ...environment },
	});
}

const packed = (): string[] =>
	execFileSync('tar', ['--numeric-owner', '-tf', join(directory, 'owned.tar')], { encoding: 'utf8' })
		.split('\n')
		.slice(0, -1)
		.sort();

describe('packOwnedCommand', () => {
	it('enters the user’s namespace, asks buildah for the tree, and removes the store', async () => {
		expect(await pack()).toEqual({ stdout: '', stderr: '' });
		const log = (await readFile(join(directory, 'log'), 'utf8')).split('\n');
		expect(log[0]).toMatch(/^unshare sh -c /);
		expect(log.slice(-4)).toEqual([
			`from --quiet --pull=never ${IMAGE}`,
			'mount working-container',
			'umount working-container',
			'',
		]);
		expect((await readdir(directory)).sort()).toEqual(['buildah', 'log', 'mounted', 'owned.tar']);
	});

	it('keeps the store where something went wrong', async () => {
		await expect(pack({ UMOUNT_STATUS: '5' })).rejects.toMatchObject({ code: 5 });
		expect(await readdir(join(directory, 'store'))).toEqual(['overlay']);
		await expect(pack({ IMAGE_ROOT: '/nowhere/at/all' })).rejects.toMatchObject({ code: 2 });
	});

	it.runIf(asRoot)('packs what is not root’s, whatever its name, and nothing else', async () => {
		for (const name of ['plain', 'user', 'group', '-rf', 'two\nlines', '*', 'sub/deep/file']) {
			await writeFile(join(root, name), name);
		}
		await symlink('/etc/passwd', join(root, 'link'));
		await link(join(root, 'user'), join(root, 'user-again'));
		const owned = ['user', '-rf', 'two\nlines', '*', 'sub/deep'];
		for (const name of owned) await chown(join(root, name), 1234, 2345);
		await chown(join(root, 'group'), 0, 42);
		await run('chown', ['-h', '7:7', join(root, 'link')]);
		await pack();
		expect(packed()).toEqual(
			['./user', './user-again', './-rf', './two\\nlines', './*', './sub/deep/', './group', './link'].sort(),
		);
	});

	it.runIf(asRoot)('makes an archive of nothing where all is root’s', async () => {
		await writeFile(join(root, 'plain'), '');
		await pack();
		expect(packed()).toEqual([]);
	});
});

describe('archiveDefinition', () => {
	it('is of the archive alone where root is to own everything', () => {
		expect(archiveDefinition('/w/image.tar', undefined)).toBe('Bootstrap: oci-archive\nFrom: /w/image.tar\n');
	});

	it.runIf(asRoot).each(['APPTAINER_ROOTFS', 'SINGULARITY_ROOTFS'])(
		'puts what was packed over the tree that is in $%s',
		async (variable) => {
			await writeFile(join(root, 'user'), 'text');
			await chown(join(root, 'user'), 1234, 2345);
			await run('chmod', ['4711', join(root, 'user')]);
			await pack();
			const target = join(directory, 'target tree');
			await mkdir(target);
			await writeFile(join(target, 'user'), 'of root');
			const text = archiveDefinition('/w/image.tar', join(directory, 'owned.tar'));
			const [header, setup] = text.split('%setup -c /bin/sh\n');
			expect(header).toBe('Bootstrap: oci-archive\nFrom: /w/image.tar\n\n');
			await run('/bin/sh', ['-c', setup ?? 'exit 99'], {
				env: { PATH: process.env.PATH, [variable]: target },
			});
			const { stdout } = await run('stat', ['-c', '%u:%g %a', join(target, 'user')]);
			expect(stdout).toBe('1234:2345 4711\n');
			expect(await readFile(join(target, 'user'), 'utf8')).toBe('text');
		},
	);
});
