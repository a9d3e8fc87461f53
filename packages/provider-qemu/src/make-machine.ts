import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	ContainerBuilderError,
	type Machine,
	type MachineRequest,
	throwIfAborted,
} from '@olcf/container-builder-core';
import type { AllowedDestination } from '@olcf/container-builder-core/host';
import type { LoadedVmImage } from './load-vm-image.js';
import { machineDirectoryName } from './machine-directory.js';
import { machineFiles, writeRecord } from './machine-record.js';
import type { MachineSize } from './machine-size.js';
import type { MachineStore } from './machine-store.js';
import { misconfigured } from './misconfigured.js';
import type { SnapshotStore } from './snapshot-store.js';
import { startMachine } from './start-machine.js';

/** What a machine is made of. */
export interface MachineParts {
	readonly store: MachineStore;
	readonly image: LoadedVmImage;
	readonly program: string;
	readonly acceleration: 'kvm' | 'tcg';
	readonly size: MachineSize;
	readonly tether: boolean;
	readonly request: MachineRequest;
	/** Absent: each machine boots. */
	readonly snapshots: SnapshotStore | undefined;
	/** For network `isolated`. */
	readonly allow: readonly AllowedDestination[];
	readonly onProgress: (text: string) => void;
	readonly signal: AbortSignal | undefined;
}

/** Makes a machine, or finds the one of this builder. What fails leaves nothing. */
export async function makeMachine(parts: MachineParts): Promise<Machine> {
	const { store, image, request, signal } = parts;
	const { owner, builderId, labels } = request;
	throwIfAborted(signal);
	requireRoom(parts);
	const name = machineDirectoryName(owner, builderId);
	const known = await store.find(name);
	if (known !== undefined && known.state !== 'failed') return known;
	if (known !== undefined) await store.remove(name);
	const record = await store.claim(name, {
		id: `${name}-${randomBytes(4).toString('hex')}`,
		...{ builderId, owner, labels, reach: 'host', imageId: image.manifest.id },
		createdAt: new Date().toISOString(),
	});
	if (record === undefined) {
		throw new ContainerBuilderError(
			'provider-unavailable',
			`another process makes the builder ${builderId} just now`,
			{
				outcome: 'none',
			},
		);
	}
	const directory = store.directoryOf(name);
	try {
		const address = newAddress();
		// The guest has it from QEMU, which has read it when it runs.
		await writeFile(join(directory, machineFiles.bootstrap), request.bootstrap, { mode: 0o600 });
		const { process, port } = await startMachine({ ...parts, directory, address });
		const whole = { ...record, process, endpoint: { url: `wss://127.0.0.1:${port}` } };
		await writeRecord(directory, whole);
		await rm(join(directory, machineFiles.bootstrap));
		throwIfAborted(signal);
		return (await store.find(name)) ?? lost(builderId);
	} catch (cause) {
		await store.remove(name);
		const error = ContainerBuilderError.from(cause, 'provider-unavailable');
		const { hint, retryable, details } = error;
		throw error.outcome === 'none'
			? error
			: new ContainerBuilderError(error.code, error.message, {
					cause,
					hint,
					retryable,
					details,
					outcome: 'none',
				});
	}
}

function requireRoom({ image, size }: MachineParts): void {
	const { diskBytes } = size;
	const least = image.manifest.disk.size;
	if (diskBytes === undefined || diskBytes >= least) return;
	const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
	throw misconfigured(
		`a disk of ${mebibytes(diskBytes)} MiB is too small for the image's ${mebibytes(least)} MiB`,
		'Give the flavor a larger diskBytes, or none.',
	);
}

/** Locally administered, of nobody's: IEEE 802. */
function newAddress(): string {
	return ['02', ...[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function lost(builderId: string): never {
	throw new ContainerBuilderError(
		'machine-failed',
		`the machine of ${builderId} was removed while it was being made`,
	);
}
