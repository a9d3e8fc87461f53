import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { machineFiles } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { type ProcessIdentity, processIdentity } from './process-identity.js';
import { runs } from './runs.js';

/** How long QEMU may take until its devices are there. */
const START_MS = 30_000;

/** How a machine's process is started. */
export interface QemuStart {
	readonly directory: string;
	readonly program: string;
	readonly args: readonly string[];
	readonly tether: boolean;
	readonly lifetimeMs: number;
	readonly signal: AbortSignal | undefined;
}

/**
 * Starts QEMU and resolves when the machine runs. It is killed at the end of its lifetime, and with this process where
 * it is tethered. What it says is in a file of the machine's directory. Rejects where it ends at once, with what it said.
 */
export async function startQemu(start: QemuStart): Promise<ProcessIdentity> {
	const { directory, signal } = start;
	throwIfAborted(signal);
	const log = await open(join(directory, machineFiles.log), 'w', 0o600);
	const dies = ['setpriv', '--pdeathsig', 'KILL'];
	const seconds = String(Math.ceil(start.lifetimeMs / 1_000));
	const [program = '', ...args] = [
		...(start.tether ? dies : []),
		...['timeout', '--signal=KILL', seconds],
		...dies,
		...[start.program, ...start.args],
	];
	let failure: Error | undefined;
	let ended = false;
	try {
		const child = spawn(program, args, {
			cwd: directory,
			// A Ctrl-C is for this process only.
			detached: true,
			stdio: ['ignore', log.fd, log.fd],
		});
		child.once('error', (error) => {
			failure = error;
		});
		child.once('exit', () => {
			ended = true;
		});
		child.unref();
		const deadline = performance.now() + START_MS;
		for (;;) {
			if (!ended && (await runs(join(directory, machineFiles.qmp)))) {
				const pid = Number(await readFile(join(directory, machineFiles.pid), 'utf8'));
				const found = await processIdentity(pid);
				if (found !== undefined) return found;
			}
			if (failure !== undefined) throw misconfigured(`${program} cannot be run: ${failure.message}`);
			const isLate = performance.now() > deadline;
			if (ended || isLate || signal?.aborted) {
				if (!ended && child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
				throwIfAborted(signal);
				throw await startError(directory, isLate);
			}
			await sleep(10);
		}
	} finally {
		await log.close();
	}
}

async function startError(directory: string, isLate: boolean): Promise<Error> {
	const said = (await readFile(join(directory, machineFiles.log), 'utf8').catch(() => '')).trim();
	if (/could not set up host forwarding/i.test(said)) return new PortTaken(said);
	const last = said.split('\n').at(-1) ?? '';
	if (/No such file or directory/.test(last) && /^(timeout|setpriv)/.test(last)) {
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
