import { execa } from 'execa';
import { misconfigured } from './misconfigured.js';

const known = new Map<string, string>();

/** The first line of what a QEMU program says of itself. Rejects with `provider-misconfigured` where it is missing. */
export async function qemuVersion(program: string): Promise<string> {
	const before = known.get(program);
	if (before !== undefined) return before;
	const { stdout, failed, shortMessage } = await execa(program, ['--version'], { reject: false });
	if (failed) {
		throw misconfigured(
			`QEMU is not installed: ${shortMessage ?? program}`,
			'Run as root: apt-get install qemu-system-x86 qemu-utils',
		);
	}
	const version = stdout.split('\n')[0] ?? '';
	known.set(program, version);
	return version;
}
