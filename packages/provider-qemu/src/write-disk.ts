import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { execa } from 'execa';
import { misconfigured } from './misconfigured.js';

/** A disk that holds what differs from another one. */
export interface DiskParts {
	/** Path of the other one. */
	readonly backing: string;
	readonly format: 'raw' | 'qcow2';
	/** Absent: as large as that. */
	readonly sizeBytes?: number | undefined;
	readonly signal: AbortSignal | undefined;
}

/** Writes it, in the format qcow2. Rejects with `provider-unavailable` where there is no room. */
export async function writeDisk(
	path: string,
	{ backing, format, sizeBytes, signal }: DiskParts,
): Promise<void> {
	const args = ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', format, path];
	const { failed, all, code } = await execa(
		'qemu-img',
		sizeBytes === undefined ? args : [...args, String(sizeBytes)],
		{ all: true, reject: false, ...(signal === undefined ? {} : { cancelSignal: signal }) },
	);
	throwIfAborted(signal);
	if (code === 'ENOENT') {
		throw misconfigured('qemu-img is not installed', 'Run as root: apt-get install qemu-utils');
	}
	if (failed) {
		throw new ContainerBuilderError('provider-unavailable', `the disk cannot be made: ${all}`, {
			outcome: 'none',
		});
	}
}
