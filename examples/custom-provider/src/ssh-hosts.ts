import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type AbortOptions,
	ContainerBuilderError,
	type Machine,
	type MachineRequest,
	type Provider,
	type Removed,
	throwIfAborted,
} from '@olcf/container-builder-core';

/** Options of `sshHosts()`. */
export interface SshHostsOptions {
	/** The hosts, each of which takes one builder at a time. */
	readonly hosts: readonly string[];
	/** Where it is written down which host belongs to whom; every queue that uses the hosts must share it. */
	readonly directory: string;
	/** The port of the daemons. @default 7443 */
	readonly port?: number;
	/** The local command that starts the daemon on a host and returns; it gets the bootstrap on stdin. @default ssh */
	readonly start?: (host: string) => readonly [string, ...string[]];
	/** The local command that ends the daemon and leaves the host as new. @default ssh */
	readonly stop?: (host: string) => readonly [string, ...string[]];
}

/** What is written down of a host that is in use. */
interface Claim {
	readonly host: string;
	readonly owner: string;
	readonly builderId: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly state: 'creating' | 'running';
}

/** A provider whose machines are there anyway: a list of hosts that can be reached by ssh. */
export function sshHosts(options: SshHostsOptions): Provider {
	const { hosts, directory, port = 7443 } = options;
	const start = options.start ?? ((host) => ['ssh', '-oBatchMode=yes', host, 'container-builder-start']);
	const stop = options.stop ?? ((host) => ['ssh', '-oBatchMode=yes', host, 'container-builder-stop']);
	const creating = new Map<string, Promise<Machine>>();
	const path = (host: string) => join(directory, `${host}.json`);

	/** The truth is the directory: a queue that is started anew finds its machines there. */
	const claims = async (): Promise<Claim[]> => {
		const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
		const read = names.map((name) => readFile(join(directory, name), 'utf8').catch(() => ''));
		return (await Promise.all(read)).filter(Boolean).map((text): Claim => JSON.parse(text));
	};
	const find = async ({ owner, builderId }: Pick<Claim, 'owner' | 'builderId'>): Promise<Claim | undefined> =>
		(await claims()).find((claim) => claim.owner === owner && claim.builderId === builderId);

	const machine = ({ host, owner, builderId, labels, state }: Claim): Machine => ({
		id: host,
		builderId,
		owner,
		state,
		endpoint: { url: `wss://${host}:${port}` },
		reach: 'network',
		imageId: 'as-installed',
		labels,
	});

	/** Takes the first host that nobody has: to create the file is to own the host. */
	const claim = async ({ owner, builderId, labels }: MachineRequest): Promise<Claim> => {
		await mkdir(directory, { recursive: true, mode: 0o700 });
		for (const host of hosts) {
			const made: Claim = { host, owner, builderId, labels, state: 'creating' };
			try {
				await writeFile(path(host), JSON.stringify(made), { flag: 'wx', mode: 0o600 });
				return made;
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
			}
		}
		throw new ContainerBuilderError('provider-quota', `all ${hosts.length} hosts are in use`, {
			outcome: 'none',
		});
	};
	const release = async (host: string): Promise<void> => {
		await run(stop(host));
		await rm(path(host), { force: true });
	};

	const make = async (request: MachineRequest, { signal }: AbortOptions): Promise<Machine> => {
		const existing = await find(request);
		if (existing !== undefined) return machine(existing);
		const made = await claim(request);
		try {
			throwIfAborted(signal);
			await run(start(made.host), { signal, input: request.bootstrap });
			const running: Claim = { ...made, state: 'running' };
			// Renamed, so that nobody reads half of it.
			await writeFile(`${path(made.host)}.new`, JSON.stringify(running), { mode: 0o600 });
			await rename(`${path(made.host)}.new`, path(made.host));
			return machine(running);
		} catch (cause) {
			const outcome = await release(made.host).then(
				() => 'none' as const,
				() => 'unknown' as const,
			);
			const { code, message } = ContainerBuilderError.from(cause, 'machine-failed');
			throw new ContainerBuilderError(code, `${made.host}: ${message}`, { cause, outcome });
		}
	};

	return {
		specificationVersion: 'v1',
		name: 'ssh-hosts',
		capabilities: {
			architectures: ['amd64'],
			networks: ['shared'],
			privilege: 'root',
			durable: true,
			listen: { url: `wss://0.0.0.0:${port}` },
			limits: [],
			headroom: true,
			resolveImage: false,
			console: false,
		},
		create: async (request, abort = {}) => {
			throwIfAborted(abort.signal);
			check(request);
			const key = `${request.owner}/${request.builderId}`;
			const pending = creating.get(key) ?? make(request, abort).finally(() => creating.delete(key));
			creating.set(key, pending);
			return pending;
		},
		destroy: async (target, abort) => {
			throwIfAborted(abort?.signal);
			await creating.get(`${target.owner}/${target.builderId}`)?.catch(() => {});
			const found = await find(target);
			if (found !== undefined) await release(found.host);
		},
		list: async ({ owner }, abort) => {
			throwIfAborted(abort?.signal);
			return (await claims()).filter((one) => one.owner === owner).map(machine);
		},
		sweep: async ({ owner, keep, olderThanMs }, abort) => {
			throwIfAborted(abort?.signal);
			const removed: Removed[] = [];
			for (const one of await claims()) {
				if (one.owner !== owner || keep.has(one.builderId)) continue;
				const { mtimeMs } = await stat(path(one.host));
				if (Date.now() - mtimeMs < olderThanMs) continue;
				await release(one.host);
				removed.push({ kind: 'machine', id: one.host });
			}
			return removed;
		},
		headroom: async (_request, abort) => {
			throwIfAborted(abort?.signal);
			return hosts.length - (await claims()).length;
		},
	};
}

function check(request: MachineRequest): void {
	if (request.bootstrap.length > 16_384) throw new TypeError('a bootstrap has at most 16 KiB');
	if (request.image !== undefined) {
		throw new ContainerBuilderError('builder-image', 'hosts have what is installed on them, not images', {
			outcome: 'none',
		});
	}
}

function run(
	[command, ...args]: readonly [string, ...string[]],
	{ signal, input }: AbortOptions & { readonly input?: Uint8Array } = {},
): Promise<void> {
	return new Promise((resolve, reject) => {
		const child = execFile(command, args, signal === undefined ? {} : { signal }, (error) =>
			error === null ? resolve() : reject(error),
		);
		// A command that ends without reading is told by its status.
		child.stdin?.on('error', () => {});
		child.stdin?.end(input);
	});
}
