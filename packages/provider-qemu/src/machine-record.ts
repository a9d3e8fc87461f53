import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '@olcf/container-builder-core';
import type { ProcessIdentity } from './process-identity.js';

/** Names inside the directory of a machine. */
export const machineFiles = {
	record: 'machine.json',
	disk: 'disk.qcow2',
	bootstrap: 'bootstrap',
	console: 'console',
	log: 'qemu.log',
	qmp: 'qmp',
	port: 'ser',
	pid: 'pid',
	network: 'net',
	networkLog: 'net.log',
	networkPid: 'net.pid',
	networkRules: 'net.rules',
} as const;

/** What is known of a machine: `machine.json`. */
export interface MachineRecord extends Omit<Machine, 'state' | 'fault'> {
	/** ISO 8601. */
	readonly createdAt: string;
	/** Absent until QEMU has begun. */
	readonly process?: ProcessIdentity | undefined;
	/** Of whoever is making it: while that is there, it is being made. */
	readonly maker: ProcessIdentity;
}

/** Writes a record so that a reader finds the old one or the new one. */
export async function writeRecord(directory: string, record: MachineRecord): Promise<void> {
	const path = join(directory, machineFiles.record);
	await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
	await rename(`${path}.new`, path);
}

/** The record of a directory; undefined where there is none. */
export async function readRecord(directory: string): Promise<MachineRecord | undefined> {
	try {
		return JSON.parse(await readFile(join(directory, machineFiles.record), 'utf8')) as MachineRecord;
	} catch {
		return undefined;
	}
}
