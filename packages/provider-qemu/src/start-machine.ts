import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { endGroup } from './end-group.js';
import { freePort } from './free-port.js';
import { hostArchitecture } from './host-architecture.js';
import { machineFiles } from './machine-record.js';
import type { MachineParts } from './make-machine.js';
import { makeSnapshot } from './make-snapshot.js';
import { PortTaken } from './port-taken.js';
import { isRunning, type ProcessIdentity } from './process-identity.js';
import { qemuArguments } from './qemu-arguments.js';
import { qemuVersion } from './qemu-version.js';
import { resume } from './resume.js';
import { type Snapshot, type SnapshotCommand, snapshotKey } from './snapshot.js';
import type { MakeSnapshot, SnapshotStore } from './snapshot-store.js';
import { startPasst } from './start-passt.js';
import { startQemu } from './start-qemu.js';
import { UselessSnapshot } from './useless-snapshot.js';
import { writeDisk } from './write-disk.js';

/** Ports that are tried where each is taken by somebody between its being found and being used. */
const PORTS = 5;

/** A machine in a directory of its own, where its bootstrap is already. */
export interface MachineStart extends Omit<MachineParts, 'store'> {
	readonly directory: string;
	readonly address: string;
}

/** What came of it. */
export interface StartedMachine {
	readonly process: ProcessIdentity;
	/** Of loopback. */
	readonly port: number;
}

/** Starts a machine from a snapshot, or has it boot where that is not to be had, and says why. */
export async function startMachine(start: MachineStart): Promise<StartedMachine> {
	const { snapshots, onProgress, signal } = start;
	const command = snapshotCommand(start);
	const boots = (reason: unknown): void =>
		onProgress(`booting, which takes longer: ${reason instanceof Error ? reason.message : String(reason)}`);
	let snapshot: Snapshot | undefined;
	try {
		snapshot = snapshots && (await findSnapshot(start, snapshots, command));
	} catch (error) {
		throwIfAborted(signal);
		if (error instanceof ContainerBuilderError && error.code === 'provider-misconfigured') throw error;
		boots(error);
	}
	throwIfAborted(signal);
	try {
		return await startFrom(start, command, snapshot);
	} catch (error) {
		if (!(error instanceof UselessSnapshot) || snapshot === undefined) throw error;
		throwIfAborted(signal);
		await snapshots?.spoil(snapshot.key, error);
		boots(error);
		return await startFrom(start, command, undefined);
	}
}

async function findSnapshot(
	{ image, program, onProgress, signal }: MachineStart,
	snapshots: SnapshotStore,
	command: SnapshotCommand,
): Promise<Snapshot> {
	const version = await qemuVersion(program);
	const key = snapshotKey(command, { version, imageId: image.manifest.id, imageDisk: image.disk });
	const backing = { disk: image.disk, format: image.manifest.format };
	const make: MakeSnapshot = ({ disk, state }) => makeSnapshot({ program, command, backing, disk, state });
	// Others may wait for it too: it is made to its end, whoever goes.
	return await abortable(snapshots.get(key, make, onProgress), signal);
}

function snapshotCommand({ image, request, acceleration, size }: MachineStart): SnapshotCommand {
	return {
		architecture: hostArchitecture(),
		acceleration,
		size,
		kernel: image.kernel,
		initrd: image.initrd,
		commandLine: image.manifest.commandLine,
		network: request.network,
	};
}

async function startFrom(
	start: MachineStart,
	command: SnapshotCommand,
	snapshot: Snapshot | undefined,
): Promise<StartedMachine> {
	const { directory, image, size, signal } = start;
	const disk = join(directory, machineFiles.disk);
	await rm(disk, { force: true });
	await writeDisk(
		disk,
		snapshot === undefined
			? { backing: image.disk, format: image.manifest.format, sizeBytes: size.diskBytes, signal }
			: { backing: snapshot.disk, format: 'qcow2', signal },
	);
	for (let attempt = 1; ; attempt++) {
		const port = await freePort();
		try {
			return { port, process: await startAt(start, command, { port, snapshot }) };
		} catch (error) {
			if (!(error instanceof PortTaken) || attempt === PORTS) throw error;
		}
	}
}

async function startAt(
	start: MachineStart,
	command: SnapshotCommand,
	{ port, snapshot }: { readonly port: number; readonly snapshot: Snapshot | undefined },
): Promise<ProcessIdentity> {
	const { directory, request, tether, program, address, signal } = start;
	const at = (name: string): string => join(directory, name);
	const args = qemuArguments({
		...command,
		...{ port, address, handed: { bootstrap: at(machineFiles.bootstrap) }, disk: at(machineFiles.disk) },
		...{ console: at(machineFiles.console), networkSocket: at(machineFiles.network) },
		...{ qmp: at(machineFiles.qmp), pidFile: at(machineFiles.pid) },
		snapshot: snapshot && { role: 'copy', port: at(machineFiles.port) },
	});
	const { network } = request;
	if (network !== 'none') await startPasst(directory, { network, port, allow: start.allow, tether, signal });
	const starts = startQemu({
		...{ directory, program, args, tether, lifetimeMs: request.lifetimeMs, signal },
		until: snapshot === undefined ? 'running' : 'paused',
		handed: snapshot?.state,
	});
	if (snapshot === undefined) return await starts;
	let process: ProcessIdentity | undefined;
	try {
		process = await starts;
		await resume(directory, { address, process, signal });
		return process;
	} catch (error) {
		if (process !== undefined && (await isRunning(process))) await endGroup(process.group);
		throw error instanceof PortTaken ? error : new UselessSnapshot(error);
	}
}
