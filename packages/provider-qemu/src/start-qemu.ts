import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { machineFiles } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { type ProcessIdentity, processIdentity } from './process-identity.js';
import type { RunState } from './qmp.js';
import { runState } from './run-state.js';
import { startWatched } from './start-watched.js';

/** How long QEMU may take until its devices are there. */
const START_MS = 30_000;

/** How a machine's process is started. */
export interface QemuStart {
	readonly directory: string;
	readonly program: string;
	readonly args: readonly string[];
	readonly tether: boolean;
	readonly lifetimeMs: number;
	/** The state that it is started for: `paused` where its memory comes out of a snapshot. */
	readonly until: Extract<RunState, 'running' | 'paused'>;
	/** See `WatchedStart`. */
	readonly handed?: string | undefined;
	readonly signal: AbortSignal | undefined;
}

/**
 * Starts QEMU and resolves when the machine is there. It is killed at the end of its lifetime, and with this process where
 * it is tethered. What it says is in a file of the machine's directory. Rejects where it ends at once, with what it said.
 */
export async function startQemu(start: QemuStart): Promise<ProcessIdentity> {
	const { directory, signal } = start;
	const dies = ['setpriv', '--pdeathsig', 'KILL'];
	const seconds = String(Math.ceil(start.lifetimeMs / 1_000));
	return await startWatched({
		...{
			directory,
			signal,
			explain,
			limitMs: START_MS,
			handed: start.handed,
			log: join(directory, machineFiles.log),
		},
		command: [
			...(start.tether ? dies : []),
			...['timeout', '--signal=KILL', seconds],
			...dies,
			...[start.program, ...start.args],
		],
		isReady: async () => {
			if ((await runState(join(directory, machineFiles.qmp))) !== start.until) return undefined;
			return await processIdentity(Number(await readFile(join(directory, machineFiles.pid), 'utf8')));
		},
	});
}

function explain(said: string, isLate: boolean): Error {
	if (/could not set up host forwarding/i.test(said)) return new PortTaken(said);
	const last = said.split('\n').at(-1) ?? '';
	if (/No such file or directory|ENOENT/.test(last) && /^(timeout|setpriv)/.test(last)) {
		return misconfigured(
			`QEMU is not installed: ${last}`,
			'Run as root: apt-get install qemu-system-x86 qemu-utils',
		);
	}
	const message = isLate ? 'QEMU does not start' : 'QEMU has ended at once';
	return new ContainerBuilderError('provider-unavailable', last === '' ? message : `${message}: ${last}`, {
		outcome: 'none',
		details: { output: said.slice(-4_000) },
	});
}
