import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, type NetworkMode } from '@olcf/container-builder-core';
import type { AllowedDestination } from '@olcf/container-builder-core/host';
import { isolate } from './isolate.js';
import { machineFiles } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { PortTaken } from './port-taken.js';
import { GUEST_PORT } from './qemu-arguments.js';
import { startWatched } from './start-watched.js';

const START_MS = 10_000;

/** What a machine's packets are carried for, and how. */
export interface PasstStart {
	readonly network: Exclude<NetworkMode, 'none'>;
	/** Of loopback; leads to the daemon. */
	readonly port: number;
	readonly allow: readonly AllowedDestination[];
	readonly tether: boolean;
	readonly signal: AbortSignal | undefined;
}

/**
 * Starts the program that carries a machine's packets as this machine's own, with one port of loopback that leads to
 * the daemon: passt(1). The guest has this machine's address, and the gateway does not lead back here: what listens
 * on loopback and at that address it does not reach; in network `isolated`, at no address of this machine. Ends with the QEMU process that uses it.
 */
export async function startPasst(
	directory: string,
	{ network, port, allow, tether, signal }: PasstStart,
): Promise<void> {
	const at = (name: string): string => join(directory, name);
	// That of one whose port was taken.
	await rm(at(machineFiles.network), { force: true });
	const pid = ['--pid', at(machineFiles.networkPid)];
	const isolation =
		network === 'isolated' ? await isolate(at(machineFiles.networkRules), { port, allow, pid }) : undefined;
	// It leaves all but its socket behind in any case; the directory is nobody else's.
	const same = isolation !== undefined || process.getuid?.() === 0 ? ['--runas', '0'] : [];
	await startWatched({
		...{ directory, signal, explain, limitMs: START_MS, log: at(machineFiles.networkLog) },
		command: [
			...(tether ? ['setpriv', '--pdeathsig', 'KILL'] : []),
			...(isolation?.before ?? []),
			...['passt', '--quiet', '--foreground', '--one-off', ...same, '--no-map-gw'],
			...['--socket', at(machineFiles.network), ...(isolation?.options ?? pid)],
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
		.filter((line) => line !== '' && !/syslog|uid_map|user mappings|ping_group_range/.test(line))
		.join('\n');
	if (/nft: not found/.test(said)) {
		return misconfigured('nft is not installed', 'Run as root: apt-get install nftables');
	}
	if (/No such file or directory|ENOENT|not found/.test(said)) {
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
