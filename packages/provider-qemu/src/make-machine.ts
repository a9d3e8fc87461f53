import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	ContainerBuilderError,
	type Machine,
	type MachineRequest,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { execa } from 'execa';
import { freePort } from './free-port.js';
import { hostArchitecture } from './host-architecture.js';
import type { LoadedVmImage } from './load-vm-image.js';
import { machineDirectoryName } from './machine-directory.js';
import { machineFiles, writeRecord } from './machine-record.js';
import type { MachineSize } from './machine-size.js';
import type { MachineStore } from './machine-store.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { qemuArguments } from './qemu-arguments.js';
import { startPasst } from './start-passt.js';
import { startQemu } from './start-qemu.js';

/** Ports that are tried where each is taken by somebody between its being found and being used. */
const PORTS = 5;

/** What a machine is made of. */
export interface MachineParts {
	readonly store: MachineStore;
	readonly image: LoadedVmImage;
	readonly program: string;
	readonly acceleration: 'kvm' | 'tcg';
	readonly size: MachineSize;
	readonly tether: boolean;
	readonly request: MachineRequest;
	readonly signal: AbortSignal | undefined;
}

/** Makes a machine, or finds the one of this builder. What fails leaves nothing. */
export async function makeMachine(parts: MachineParts): Promise<Machine> {
	const { store, image, request, signal } = parts;
	const { owner, builderId, labels } = request;
	throwIfAborted(signal);
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
		await writeFiles(directory, parts);
		for (let attempt = 1; ; attempt++) {
			const port = await freePort();
			try {
				const process = await start(directory, port, parts);
				const whole = { ...record, process, endpoint: { url: `wss://127.0.0.1:${port}` } };
				await writeRecord(directory, whole);
				// The guest has it from QEMU, which has read it.
				await rm(join(directory, machineFiles.bootstrap));
				throwIfAborted(signal);
				return (await store.find(name)) ?? lost(builderId);
			} catch (error) {
				if (!(error instanceof PortTaken) || attempt === PORTS) throw error;
			}
		}
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

async function writeFiles(directory: string, { image, request, signal }: MachineParts): Promise<void> {
	await writeFile(join(directory, machineFiles.bootstrap), request.bootstrap, { mode: 0o600 });
	const backing = ['-b', image.disk, '-F', image.manifest.format];
	const disk = join(directory, machineFiles.disk);
	const { failed, all, code } = await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, disk], {
		all: true,
		reject: false,
		...(signal === undefined ? {} : { cancelSignal: signal }),
	});
	throwIfAborted(signal);
	if (code === 'ENOENT')
		throw misconfigured('qemu-img is not installed', 'Run as root: apt-get install qemu-utils');
	if (failed) throw new ContainerBuilderError('provider-unavailable', `the disk cannot be made: ${all}`);
}

async function start(directory: string, port: number, parts: MachineParts) {
	const { image, request, tether, program, signal } = parts;
	const at = (name: string): string => join(directory, name);
	const args = qemuArguments({
		architecture: hostArchitecture(),
		acceleration: parts.acceleration,
		size: parts.size,
		kernel: image.kernel,
		initrd: image.initrd,
		commandLine: image.manifest.commandLine,
		disk: at(machineFiles.disk),
		handed: { bootstrap: at(machineFiles.bootstrap) },
		network: request.network,
		port,
		console: at(machineFiles.console),
		networkSocket: at(machineFiles.network),
		qmp: at(machineFiles.qmp),
		pidFile: at(machineFiles.pid),
	});
	if (request.network === 'shared') await startPasst(directory, { port, tether, signal });
	return await startQemu({ directory, program, args, tether, lifetimeMs: request.lifetimeMs, signal });
}

function lost(builderId: string): never {
	throw new ContainerBuilderError(
		'machine-failed',
		`the machine of ${builderId} was removed while it was being made`,
	);
}
