import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type CreateOptions,
	type Machine,
	type MachineLimits,
	type MachineRequest,
	type Provider,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { checkAllowed, isPort } from '@olcf/container-builder-core/host';
import { checkRequest, machineArchitecture } from './check-request.js';
import { readControlGroups } from './control-groups.js';
import { emulatedArchitectures } from './emulated-architectures.js';
import { groupPlan } from './group-plan.js';
import { type IdRange, SANDBOX_IDS, userRange } from './identities.js';
import { diskKind, type HostReport, inspectHost, requireFor } from './inspect-host.js';
import { cacheOf, keptMachines } from './kept-machines.js';
import { checkLimits, machineLimits, requireEnforceable } from './limits.js';
import { imageDirectory, type LoadedImage, loadImage } from './load-image.js';
import type { LocalOptions } from './local-options.js';
import { stateTag } from './machine-id.js';
import { MachineKeeper, type MachinePlan } from './machine-keeper.js';
import { misconfigured } from './misconfigured.js';
import { privateDirectory } from './private-directory.js';
import { networkVariables } from './sandbox-network.js';
import { unpackImage } from './trees.js';

const NETWORKS = ['shared', 'isolated', 'none'] as const;
const FIRST_ID = 100_000;

/**
 * Builders as sandboxes on this machine: each an overlay over the builder image in namespaces of its own, reached over
 * a unix socket. Needs root, or a user with subordinate ids; see `inspectHost` for what this machine lacks.
 *
 * Machines end with this process unless `tether` is false. Throws a `TypeError` for options that cannot be.
 */
export function local(options: LocalOptions = {}): Provider {
	const root = process.getuid?.() === 0;
	checkLimits(options.limits);
	for (const allowed of options.allow ?? []) checkAllowed(allowed);
	for (const port of options.forward ?? []) {
		if (!isPort(port)) throw new TypeError(`${port}, to be forwarded, is not a port`);
	}
	const forward = (options.forward ?? []).length > 0;
	if (options.disk === 'image' && !root) throw new TypeError("a disk of kind 'image' needs root");
	const keeper = new MachineKeeper('local', options);
	const host = inspected(options);
	const limits: (keyof MachineLimits)[] = root ? ['memoryBytes', 'cpus', 'processes'] : ['processes'];
	if (diskKind(root ? 'root' : 'user', options.disk, true) !== 'directory') limits.push('diskBytes');

	const cache = (): Promise<string> => cacheOf(options);
	const image = async (request: MachineRequest): Promise<LoadedImage> =>
		loadImage(imageDirectory(await cache(), options.image, request.image));

	const create = async (request: MachineRequest, createOptions: CreateOptions): Promise<Machine> => {
		const { signal, onProgress } = createOptions;
		throwIfAborted(signal);
		checkRequest(request, NETWORKS);
		const report = await host();
		const { mode } = report;
		const imagesWork = report.prerequisites.every(({ ok, neededFor }) => ok || neededFor !== 'disk-image');
		const disk = diskKind(mode, options.disk, imagesWork);
		requireFor(report, { network: request.network, disk, forward });
		if (options.unenforceableLimits !== 'ignore') requireEnforceable(request.limits, report.limits);
		const machine = machineLimits(request.limits, options.limits, disk);
		const loaded = await image(request);
		if (loaded.manifest.architecture !== request.architecture) {
			throw misconfigured(
				`the builder image is for ${loaded.manifest.architecture}`,
				'Make another: cb-image make',
			);
		}
		const range =
			mode === 'root' ? { first: options.firstId ?? FIRST_ID, count: SANDBOX_IDS } : await rangeOfUser();
		const directory = await cache();
		const disks = await privateDirectory(join(directory, 'disks'));

		return keeper.make(
			request,
			async ({ id }): Promise<MachinePlan> => {
				const trees = await unpackImage(directory, loaded, range, {
					signal,
					onProgress,
					inUse: () => keeper.treesInUse(),
				});
				onProgress?.('starting the sandbox');
				const groups = await readControlGroups();
				const name = `${stateTag(await keeper.stateDirectory())}.${id}`;
				const diskPath = disk === 'tmpfs' ? undefined : join(disks, disk === 'image' ? `${name}.img` : name);
				return {
					kind: 'sandbox',
					bootstrap: request.bootstrap,
					imageId: loaded.manifest.id,
					trees: trees.names,
					resources: [
						...groupPlan(groups, name, machine),
						...(diskPath === undefined ? [] : [`disk ${diskPath}`]),
					],
					variables: {
						MODE: mode,
						FIRST: String(range.first),
						COUNT: String(range.count),
						BASE: trees.base,
						LAYER: trees.layer,
						DISK: disk,
						DISK_PATH: diskPath ?? '',
						DISK_BYTES: String(Math.floor(machine.diskBytes)),
						PROCESSES: String(Math.floor(machine.processes)),
						POINT: await passableDirectory(),
						...(await networkVariables(request.network, options)),
					},
					command: [...loaded.manifest.command, '--bootstrap', '/run/container-builder/bootstrap.json'],
				};
			},
			signal,
		);
	};

	return {
		specificationVersion: 'v1',
		name: 'local',
		capabilities: {
			architectures: [machineArchitecture()],
			emulates: emulatedArchitectures(),
			networks: NETWORKS,
			privilege: 'user-namespace',
			durable: options.tether === false,
			listen: { url: 'ws+unix:///run/container-builder/builder.sock' },
			limits,
			headroom: false,
			resolveImage: true,
			console: true,
		},
		...keptMachines(keeper, options, create),
		resolveImage: async (request, abort) => {
			throwIfAborted(abort?.signal);
			return (await image(request)).manifest.id;
		},
	};
}

/** Looks at the machine once all is in order; as long as something is missing, each time anew. */
function inspected(options: LocalOptions): () => Promise<HostReport> {
	let good: HostReport | undefined;
	return async () => {
		if (good !== undefined) return good;
		const report = await inspectHost({ cacheDirectory: options.cacheDirectory, disk: options.disk });
		const unused = (options.forward ?? []).length === 0 ? 'forward' : undefined;
		if (report.prerequisites.every(({ ok, neededFor }) => ok || neededFor === unused)) good = report;
		return report;
	};
}

async function rangeOfUser(): Promise<IdRange> {
	const range = await userRange();
	if (typeof range === 'string') throw misconfigured(range);
	return range;
}

/** A directory that every id may pass through: the sandbox is put together over it, in its own mount namespace. */
async function passableDirectory(): Promise<string> {
	const mounted = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
	for (const path of ['/mnt', '/media', '/srv', '/opt', '/tmp']) {
		if (mounted.includes(` ${path} autofs `)) continue;
		if (
			await access(path).then(
				() => true,
				() => false,
			)
		)
			return path;
	}
	throw misconfigured('this machine has none of /mnt, /media, /srv, /opt and /tmp', 'mkdir -m 755 /mnt');
}
