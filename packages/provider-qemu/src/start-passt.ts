import { spawn } from 'node:child_process';
import { access, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { machineFiles } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { GUEST_PORT } from './qemu-arguments.js';

const START_MS = 10_000;

/**
 * Starts the program that carries a machine's packets as this machine's own, with one port of loopback that leads to
 * the daemon: passt(1). The guest has this machine's address, and the gateway does not lead back here: what listens
 * here it does not reach. Ends with the QEMU process that uses it.
 */
export async function startPasst(
	directory: string,
	{
		port,
		tether,
		signal,
	}: { readonly port: number; readonly tether: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
	const at = (name: string): string => join(directory, name);
	const log = await open(at(machineFiles.networkLog), 'w', 0o600);
	// It leaves all but its socket behind in any case; the directory is nobody else's.
	const same = process.getuid?.() === 0 ? ['--runas', '0'] : [];
	const [program = '', ...args] = [
		...(tether ? ['setpriv', '--pdeathsig', 'KILL'] : []),
		...['passt', '--quiet', '--foreground', '--one-off', ...same, '--no-map-gw'],
		...['--socket', at(machineFiles.network), '--pid', at(machineFiles.networkPid)],
		...['--tcp-ports', `127.0.0.1/${port}:${GUEST_PORT}`, '--udp-ports', 'none'],
	];
	let failure: Error | undefined;
	let hasEnded = false;
	try {
		const child = spawn(program, args, { cwd: directory, detached: true, stdio: ['ignore', log.fd, log.fd] });
		child.once('error', (error) => {
			failure = error;
		});
		child.once('exit', () => {
			hasEnded = true;
		});
		child.unref();
		const deadline = performance.now() + START_MS;
		for (;;) {
			if (!hasEnded && (await isThere(at(machineFiles.network)))) return;
			const isLate = performance.now() > deadline;
			if (failure !== undefined || hasEnded || isLate || signal?.aborted) {
				if (!hasEnded && child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
				throwIfAborted(signal);
				throw await passtError(at(machineFiles.networkLog), failure);
			}
			await sleep(10);
		}
	} finally {
		await log.close();
	}
}

async function isThere(path: string): Promise<boolean> {
	return await access(path).then(
		() => true,
		() => false,
	);
}

async function passtError(log: string, failure: Error | undefined): Promise<Error> {
	const said = (await readFile(log, 'utf8').catch(() => ''))
		.split('\n')
		.filter((line) => line !== '' && !line.includes('syslog'))
		.join('\n');
	if (failure !== undefined || /No such file or directory/.test(said)) {
		return misconfigured('passt is not installed', 'Run as root: apt-get install passt', failure);
	}
	if (/bind/i.test(said)) return new PortTaken(said);
	return new ContainerBuilderError(
		'provider-unavailable',
		`passt does not start: ${said.split('\n').at(-1) ?? ''}`,
		{
			outcome: 'none',
			details: { output: said },
		},
	);
}
