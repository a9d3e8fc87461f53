import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { consoleSays } from './console-says.js';
import { endGroup } from './end-group.js';
import { machineFiles } from './machine-record.js';
import { isRunning, type ProcessIdentity } from './process-identity.js';
import { qemuArguments } from './qemu-arguments.js';
import { Qmp } from './qmp.js';
import type { SnapshotCommand } from './snapshot.js';
import { startQemu } from './start-qemu.js';
import { writeDisk } from './write-disk.js';

/** How long a machine may take up to where it waits; emulated it takes seconds. */
const BOOT_MS = 120_000;
const SAVE_MS = 60_000;
const END_MS = 30_000;
/** Nothing else is to be done meanwhile. */
const BYTES_PER_SECOND = 2 ** 40;

/** What a snapshot is made of. */
export interface SnapshotParts {
	readonly program: string;
	readonly command: SnapshotCommand;
	readonly backing: { readonly disk: string; readonly format: 'raw' | 'qcow2' };
	/** Where its two files are written. */
	readonly disk: string;
	readonly state: string;
}

/** Boots a machine up to where it waits to hear who it is, writes its disk and its memory, and ends it. */
export async function makeSnapshot(parts: SnapshotParts): Promise<void> {
	const { command, disk, state } = parts;
	const directory = await mkdtemp(join(tmpdir(), 'cb-snapshot-'));
	const at = (name: string): string => join(directory, name);
	// Where a program is that carries packets, this one only answers the telephone.
	const network = createServer((socket) => socket.on('error', () => {}).resume());
	let process: ProcessIdentity | undefined;
	try {
		await writeDisk(disk, {
			...{ backing: parts.backing.disk, format: parts.backing.format },
			...{ sizeBytes: command.size.diskBytes, signal: undefined },
		});
		await writeFile(at(machineFiles.bootstrap), '');
		await once(network.listen(at(machineFiles.network)), 'listening');
		const args = qemuArguments({
			...command,
			...{ disk, handed: { bootstrap: at(machineFiles.bootstrap) }, port: 0 },
			...{ address: '02:00:00:00:00:01', networkSocket: at(machineFiles.network) },
			...{ console: at(machineFiles.console), qmp: at(machineFiles.qmp), pidFile: at(machineFiles.pid) },
			snapshot: { role: 'source', port: at(machineFiles.port) },
		});
		process = await startQemu({
			...{ directory, args, program: parts.program, tether: true, until: 'running' },
			...{ lifetimeMs: BOOT_MS + SAVE_MS + END_MS, signal: undefined },
		});
		await consoleSays({
			...{ console: at(machineFiles.console), text: 'waiting', process, signal: undefined },
			...{ limitMs: BOOT_MS, otherwise: 'no snapshot: the machine did not boot' },
		});
		await save(at(machineFiles.qmp), { through: at('state'), state });
		// It writes what is left of the disk before it ends; a kill could come too early.
		const deadline = performance.now() + END_MS;
		while ((await isRunning(process)) && performance.now() < deadline) await sleep(10);
		if (await isRunning(process)) throw failed('QEMU does not end');
	} finally {
		if (process !== undefined && (await isRunning(process))) await endGroup(process.group);
		network.close();
		await rm(directory, { recursive: true, force: true });
	}
}

/** https://www.qemu.org/docs/master/devel/migration/main.html: to a file, while the machine stands still. */
async function save(
	socket: string,
	{ through, state }: { readonly through: string; readonly state: string },
): Promise<void> {
	// QEMU 7 writes into sockets, not into files.
	const server = createServer();
	await once(server.listen(through), 'listening');
	const written = once(server, 'connection').then(([from]) =>
		pipeline(from as Socket, createWriteStream(state, { mode: 0o600 })),
	);
	let settle: (status: unknown) => void = () => {};
	const end = new Promise((resolve) => {
		settle = resolve;
	});
	const qmp = await Qmp.connect(socket, {
		timeoutMs: SAVE_MS,
		onEvent: ({ event, data }) => {
			const status = event === 'MIGRATION' ? data?.status : undefined;
			if (status === 'completed' || status === 'failed') settle(status);
		},
	});
	try {
		await qmp.execute('stop');
		await qmp.execute('migrate-set-parameters', { 'max-bandwidth': BYTES_PER_SECOND });
		await qmp.execute('migrate-set-capabilities', {
			capabilities: [{ capability: 'events', state: true }],
		});
		await qmp.execute('migrate', { uri: `unix:${through}` });
		const status = await Promise.race([end, sleep(SAVE_MS, 'late', { ref: false })]);
		if (status !== 'completed') {
			const said = await qmp.execute('query-migrate');
			throw failed(`its memory could not be written (${said['error-desc'] ?? String(status)})`);
		}
		await written;
		await qmp.execute('quit');
	} finally {
		qmp.close();
		server.close();
	}
}

function failed(message: string): ContainerBuilderError {
	return new ContainerBuilderError('provider-unavailable', `no snapshot: ${message}`, { outcome: 'none' });
}
