import { readFile } from 'node:fs/promises';

/** By number, from 0. */
const NAMES =
	'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
		' ',
	);

/** What root of this machine may not do although root usually may, as in a container: `CAP_…` names. */
export async function missingCapabilities(): Promise<readonly string[]> {
	const [status, last] = await Promise.all([
		readFile('/proc/self/status', 'utf8'),
		readFile('/proc/sys/kernel/cap_last_cap', 'utf8'),
	]);
	return missingFrom(BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`), Number(last));
}

/** The names of the bits that are not set, up to the last that the kernel knows. */
export function missingFrom(effective: bigint, last: number): readonly string[] {
	return NAMES.slice(0, last + 1)
		.filter((_, bit) => ((effective >> BigInt(bit)) & 1n) === 0n)
		.map((name) => `CAP_${name}`);
}
