import { createHash } from 'node:crypto';
import { type QemuCommand, qemuArguments } from './qemu-arguments.js';

/** A machine that was booted up to where machines begin to differ, and stopped. Paths are absolute. */
export interface Snapshot {
	readonly key: string;
	/** What it had written by then, over the image; qcow2. */
	readonly disk: string;
	/** Memory and devices, as a stream of QEMU's. */
	readonly state: string;
}

/** What a snapshot is made of, apart from what each machine has of its own. */
export type SnapshotCommand = Omit<
	QemuCommand,
	'disk' | 'handed' | 'port' | 'address' | 'networkSocket' | 'console' | 'qmp' | 'pidFile' | 'snapshot'
>;

/**
 * The name of a snapshot: one of another image, another QEMU or other devices cannot be resumed, or would be a machine
 * that was not asked for.
 */
export function snapshotKey(
	command: SnapshotCommand,
	{ imageId, imageDisk, version }: { imageId: string; imageDisk: string; version: string },
): string {
	const args = qemuArguments({
		...command,
		...{ disk: '', handed: { bootstrap: '' }, port: 0, address: '', networkSocket: '' },
		...{ console: '', qmp: '', pidFile: '', snapshot: { role: 'source', port: '' } },
	});
	const parts = ['1', imageId, imageDisk, version, String(command.size.diskBytes ?? ''), ...args];
	return createHash('sha256').update(parts.join('\n')).digest('hex');
}
