import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { machineFiles } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { GUEST_PORT } from './qemu-arguments.js';
import { startWatched } from './start-watched.js';

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
	// It leaves all but its socket behind in any case; the directory is nobody else's.
	const same = process.getuid?.() === 0 ? ['--runas', '0'] : [];
	// That of one whose port was taken.
	await rm(at(machineFiles.network), { force: true });
	await startWatched({
		...{ directory, signal, explain, limitMs: START_MS, log: at(machineFiles.networkLog) },
		command: [
			...(tether ? ['setpriv', '--pdeathsig', 'KILL'] : []),
			...['passt', '--quiet', '--foreground', '--one-off', ...same, '--no-map-gw'],
			...['--socket', at(machineFiles.network), '--pid', at(machineFiles.networkPid)],
			...['--tcp-ports', `127.0.0.1/${port}:${GUEST_PORT}`, '--udp-ports', 'none'],
		],
		isReady: async () =>
			await access(at(machineFiles.network)).then(
				() => true,
				() => undefined,
			),
	});
}

function explain(output: string): Error {
	const said = output
		.split('\n')
		.filter((line) => line !== '' && !line.includes('syslog'))
		.join('\n');
	if (/No such file or directory|ENOENT/.test(said)) {
		return misconfigured('passt is not installed', 'Run as root: apt-get install passt');
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
