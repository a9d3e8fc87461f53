import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { LoadedVmImage } from './load-vm-image.js';

/** How long a kernel may take to its first process where the processor runs it. */
const PROBE_MS = 10_000;

/** What was found, and why it is not kvm. */
export interface Acceleration {
	readonly kind: 'kvm' | 'tcg';
	/** One sentence, for a log. */
	readonly reason: string;
}

/**
 * kvm where a machine boots by it: that there is a `/dev/kvm` says little, it may be closed to this user, or of a
 * hypervisor that cannot run this kernel.
 */
export async function chooseAcceleration(program: string, image: LoadedVmImage): Promise<Acceleration> {
	try {
		await access('/dev/kvm', constants.R_OK | constants.W_OK);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
		return {
			kind: 'tcg',
			reason: code === 'ENOENT' ? 'there is no /dev/kvm' : `/dev/kvm cannot be opened by this user (${code})`,
		};
	}
	const directory = await mkdtemp(join(tmpdir(), 'cb-kvm-'));
	try {
		const probing = execa(
			program,
			[
				...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
				...['-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', '512M'],
				...['-kernel', image.kernel, '-initrd', image.initrd],
				...['-append', `${image.manifest.commandLine} builder.probe`, '-serial', 'stdio'],
			],
			{
				all: true,
				reject: false,
				stdin: 'ignore',
				timeout: PROBE_MS,
				forceKillAfterDelay: 500,
				cwd: directory,
			},
		);
		// The machine stands still then, and QEMU goes on.
		let fault: string | undefined;
		probing.all.on('data', (chunk: Buffer) => {
			fault ??= /KVM internal error.*/.exec(chunk.toString())?.[0].trim();
			if (fault !== undefined) probing.kill('SIGKILL');
		});
		const result = await probing;
		if (result.all.includes('container-builder: booted'))
			return { kind: 'kvm', reason: 'a machine booted by kvm' };
		const last = fault ?? result.all.trim().split('\n').at(-1) ?? '';
		return {
			kind: 'tcg',
			reason: `/dev/kvm is there, but no machine boots by it: ${result.timedOut ? `nothing after ${PROBE_MS / 1_000} s` : last}`,
		};
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}
