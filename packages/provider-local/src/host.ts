import { access, constants } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import {
	type CreateOptions,
	type Machine,
	type MachineRequest,
	type Provider,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { checkRequest, machineArchitecture } from './check-request.js';
import { hashFile } from './hash-file.js';
import { cacheOf, keptMachines } from './kept-machines.js';
import type { HostOptions } from './local-options.js';
import { stateTag } from './machine-id.js';
import { MachineKeeper, type MachinePlan } from './machine-keeper.js';
import { misconfigured } from './misconfigured.js';
import { privateDirectory } from './private-directory.js';
import { socketPath, socketUrl } from './state-directory.js';

const NETWORKS = ['shared'] as const;
/** Stands for the socket of each machine; there is no inside in which all could have the same. */
const LISTEN = 'ws+unix:///run/container-builder/builder.sock';

/**
 * Builders without a sandbox: the daemon runs as the caller, in a private directory and a session of its own, and
 * builds with the apptainer or singularity that is installed on this machine. No isolation, no limits.
 *
 * The URL of `capabilities.listen`, where it stands in a bootstrap, is replaced by that of the machine's own socket.
 * `create` rejects with `provider-misconfigured` where neither program is installed.
 */
export function host(options: HostOptions): Provider {
	const daemon = resolve(options.daemon);
	const keeper = new MachineKeeper('host', options);
	const cache = (): Promise<string> => cacheOf(options);

	const create = async (request: MachineRequest, { signal }: CreateOptions): Promise<Machine> => {
		throwIfAborted(signal);
		checkRequest(request, NETWORKS);
		if (request.image !== undefined) {
			throw misconfigured(`there are no builder images without a sandbox, so no '${request.image}' either`);
		}
		await requireBackend();
		const imageId = await hashFile(daemon);
		const work = await privateDirectory(join(await cache(), 'disks'));
		return keeper.make(
			request,
			async ({ id, directory }): Promise<MachinePlan> => {
				const stateDirectory = await keeper.stateDirectory();
				const path = join(work, `${stateTag(stateDirectory)}.${id}`);
				const marker = `CONTAINER_BUILDER_MACHINE=${stateTag(stateDirectory)}.${id}`;
				return {
					kind: 'host',
					bootstrap: withSocket(request.bootstrap, socketUrl(socketPath(stateDirectory, id))),
					imageId,
					trees: [],
					resources: [`disk ${path}`, `marker ${marker}`],
					variables: { ...inherited(process.env), WORK: path, MARKER: marker },
					command: [
						...[process.execPath, daemon],
						...['--bootstrap', join(directory, 'bootstrap.json'), '--directory', path],
					],
				};
			},
			signal,
		);
	};

	return {
		specificationVersion: 'v1',
		name: 'host',
		capabilities: {
			architectures: [machineArchitecture()],
			networks: NETWORKS,
			privilege: process.getuid?.() === 0 ? 'root' : 'user-namespace',
			durable: options.tether === false,
			listen: { url: LISTEN },
			limits: [],
			headroom: false,
			resolveImage: true,
			console: true,
		},
		...keptMachines(keeper, options, create),
		resolveImage: async (_request, abort) => {
			throwIfAborted(abort?.signal);
			return hashFile(daemon);
		},
	};
}

/** The bootstrap with the machine's own socket in place of the one that stands for all. */
export function withSocket(bootstrap: Uint8Array, url: string): Uint8Array {
	const text = Buffer.from(bootstrap).toString('latin1');
	return Buffer.from(text.replaceAll(LISTEN, Buffer.from(url).toString('latin1')), 'latin1');
}

/**
 * The daemon has the caller's own environment, less what our scripts' shell would read as a program. An empty LC_ALL
 * is none.
 */
function inherited(environment: NodeJS.ProcessEnv): Record<string, string> {
	const { BASH_ENV: _script, ENV: _other, ...rest } = environment;
	const entries = Object.entries(rest).flatMap(([name, value]) =>
		value === undefined ? [] : [[name, value] as const],
	);
	return { ...Object.fromEntries(entries), LC_ALL: environment.LC_ALL ?? '' };
}

async function requireBackend(): Promise<void> {
	for (const directory of (process.env.PATH ?? '').split(delimiter)) {
		for (const name of ['apptainer', 'singularity']) {
			const found = await access(join(directory || '.', name), constants.X_OK).then(
				() => true,
				() => false,
			);
			if (found) return;
		}
	}
	throw misconfigured(
		'neither apptainer nor singularity is installed on this machine',
		'Install Apptainer (https://apptainer.org/docs/admin/latest/installation.html), or use the provider local.',
	);
}
