import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, startProcess } from './command.js';
import { aptMirror } from './debian-base.js';

const run = promisify(execFile);

/** The static busybox of the builder image. */
export async function busyboxBinary(): Promise<Buffer> {
	return await inBuilderImage(['cat', '/bin/busybox']);
}

/** Debian's static busybox for another architecture, by dpkg's name of it. */
export async function foreignBusyboxBinary(architecture: string): Promise<Buffer> {
	const source = `deb ${await aptMirror()} bookworm main`;
	// Only unpacked: nothing of it has to run here.
	const unpack = ['--mode=root', '--variant=extract', '--skip=check/qemu', '--include=busybox-static'];
	const archive = await run(
		'mmdebstrap',
		[...unpack, `--architectures=${architecture}`, '--format=tar', 'bookworm', '-', source],
		{ encoding: 'buffer', maxBuffer: 2 ** 28 },
	);
	return execFileSync('tar', ['-xO', './bin/busybox'], { input: archive.stdout, maxBuffer: 2 ** 28 });
}

/** What a program of the builder image says on stdout; `binds`: `SOURCE:TARGET` each. Throws where it fails. */
export async function inBuilderImage(
	command: readonly string[],
	binds: readonly string[] = [],
): Promise<Buffer> {
	const result = await startProcess(join(root, 'scripts/in-builder-image.sh'), [
		...binds.flatMap((bind) => ['--bind', bind]),
		...command,
	]).ended;
	if (result.status !== 0)
		throw new Error(`${command.join(' ')} ended with ${result.status}\n${result.stdout}${result.stderr}`);
	return result.bytes;
}

/** Writes a tar archive of a tiny file system: busybox under all its names, root and nobody, a `/tmp`; with the builder image's binary, or one of another architecture. */
export async function busyboxLayer(
	path: string,
	files: Readonly<Record<string, string>> = {},
	foreignBinary?: Buffer,
): Promise<void> {
	const tree = mkdtempSync(join(tmpdir(), 'busybox-'));
	try {
		for (const name of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'var', 'usr/bin'])
			mkdirSync(join(tree, name), { recursive: true });
		chmodSync(tree, 0o755);
		chmodSync(join(tree, 'tmp'), 0o1777);
		const binary = join(tree, 'bin/busybox');
		const native = await busyboxBinary();
		writeFileSync(binary, native);
		chmodSync(binary, 0o755);
		const applets = execFileSync(binary, ['--list'], { encoding: 'utf8' }).trim().split('\n');
		writeFileSync(binary, foreignBinary ?? native);
		for (const name of applets) if (name !== 'busybox') symlinkSync('busybox', join(tree, 'bin', name));
		writeFileSync(
			join(tree, 'etc/passwd'),
			'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/false\n',
		);
		writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
		for (const [name, text] of Object.entries(files)) writeFileSync(join(tree, name), text);
		execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', tree, '-cf', path, '.']);
	} finally {
		rmSync(tree, { recursive: true, force: true });
	}
}
