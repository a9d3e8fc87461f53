import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { findVmImage, makeVmImage } from '@olcf/container-builder-builder';
import type { MachineRequest } from '@olcf/container-builder-core';
import { qemu } from '@olcf/container-builder-provider-qemu';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { busyboxBinary } from '../support/busybox.js';
import { root, runCommand } from '../support/command.js';
import { aptMirror } from '../support/debian-base.js';
import { apptainer } from '../support/in-image.js';
import { startQueue, type TestQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';

const daemon = join(root, 'packages/cli/dist/cb-builder.mjs');
let image: string;
beforeAll(async () => {
	const made = await makeVmImage({ daemon, format: 'raw', allowExpiredRelease: true });
	image = made.path;
	expect(await findVmImage({ format: 'raw' })).toMatchObject({ path: image, manifest: made.manifest });
});

/** Processes that carry a machine in one of these directories, or its packets. */
function carriers(directory: string): string[] {
	return readdirSync('/proc').filter((pid) => {
		try {
			const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
			return line.includes(`${directory}/`);
		} catch {
			return false;
		}
	});
}

describe('the provider', () => {
	for (const tether of [true, false]) {
		testProvider({
			test: (name, run) => test(`${name} (tether: ${tether})`, run, 120_000),
			setup: async () => {
				const stateDirectory = await mkdtemp('/tmp/cb-qemu-');
				return {
					provider: qemu({ image, stateDirectory, tether, acceleration: 'tcg' }),
					teardown: async () => {
						expect(carriers(stateDirectory)).toEqual([]);
						expect(readdirSync(stateDirectory)).toEqual([]);
						await rm(stateDirectory, { recursive: true });
					},
				};
			},
		});
	}

	describe('with machines that go wrong', () => {
		let stateDirectory: string;
		beforeAll(async () => {
			stateDirectory = await mkdtemp('/tmp/cb-qemu-');
		});
		afterAll(() => rm(stateDirectory, { recursive: true, force: true }));
		const request = (builderId: string, changes: Partial<MachineRequest> = {}): MachineRequest => ({
			...{ builderId, owner: 'tests', pool: 'tests', architecture: 'amd64', network: 'none', labels: {} },
			...{ bootstrap: Buffer.from('{}'), lifetimeMs: 600_000 },
			...changes,
		});

		it('a killed QEMU is a failed machine', async () => {
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			await provider.create(request('b1', { network: 'shared' }));
			const pids = carriers(stateDirectory);
			expect(pids.length).toBeGreaterThan(1);
			for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
			await expect
				.poll(async () => (await provider.list({ owner: 'tests' }))[0])
				.toMatchObject({ state: 'failed', fault: expect.stringContaining('the machine has ended') });
			await provider.destroy({ owner: 'tests', builderId: 'b1' });
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('its lifetime ends it', async () => {
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			await provider.create(request('b2', { lifetimeMs: 1_000 }));
			await expect
				.poll(async () => (await provider.list({ owner: 'tests' }))[0]?.state, { timeout: 10_000 })
				.toBe('failed');
			await provider.close?.();
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('one of an earlier process is found and swept by the next', async () => {
			const before = qemu({ image, stateDirectory, acceleration: 'tcg', tether: false });
			const made = await before.create(request('b3'));
			await before.close?.();
			const next = qemu({ image, stateDirectory, acceleration: 'tcg', tether: false });
			expect(await next.list({ owner: 'tests' })).toEqual([made]);
			expect(await next.sweep({ owner: 'tests', keep: new Set(), olderThanMs: 0 })).toEqual([
				{ kind: 'machine', id: made.id },
			]);
			expect(carriers(stateDirectory)).toEqual([]);
		});

		it('says what is missing', async () => {
			const create = (options: Parameters<typeof qemu>[0], changes: Partial<MachineRequest> = {}) =>
				qemu({ image, stateDirectory, acceleration: 'tcg', ...options }).create(request('b4', changes));
			await expect(create({ image: '/nowhere' })).rejects.toMatchObject({
				code: 'builder-image',
				message: 'there is no image of a virtual machine at /nowhere',
				hint: 'Make one, as root: cb-image make --format raw',
				outcome: 'none',
			});
			await expect(create({ program: 'qemu-system-none' })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				hint: 'Run as root: apt-get install qemu-system-x86 qemu-utils',
			});
			await expect(create({}, { flavor: 'huge' })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				message: "there is no flavor 'huge'",
			});
			await expect(create({}, { network: 'isolated' })).rejects.toMatchObject({
				code: 'unsupported',
				hint: 'Take shared, which reaches what this machine does but not its own services, or none.',
			});
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('200 machines, 8 at a time, leave nothing', async () => {
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			const all = Array.from({ length: 200 }, (_, number) => request(`many-${number}`));
			const began = performance.now();
			let kilobytes = 0;
			const cycle = async (one: MachineRequest): Promise<void> => {
				const { endpoint } = await provider.create(one);
				expect(endpoint?.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
				kilobytes = Math.max(
					kilobytes,
					Number(execFileSync('du', ['-sk', stateDirectory]).toString().split('\t')[0]),
				);
				await provider.destroy(one);
			};
			const next = all.values();
			await Promise.all(
				Array.from({ length: 8 }, async () => {
					for (const one of next) await cycle(one);
				}),
			);
			console.log(
				`200 machines in ${((performance.now() - began) / 1_000).toFixed(1)} s, at most ${kilobytes} KiB on the disk`,
			);
			expect(await provider.list({ owner: 'tests' })).toEqual([]);
			expect(carriers(stateDirectory)).toEqual([]);
			expect(readdirSync(stateDirectory)).toEqual([]);
		});
	});
});

describe('builds in machines', () => {
	let directory: string;
	let inside: Server;
	let release: string;
	let queue: TestQueue;
	let state: string;
	const portOf = (server: Server): number => (server.address() as AddressInfo).port;
	const listening = (answer: string): Promise<Server> =>
		new Promise((resolve) => {
			const server = createServer((_request, response) => response.end(answer));
			server.listen(0, () => resolve(server));
		});
	beforeAll(async () => {
		release = `${await aptMirror()}/dists/bookworm/Release`;
		inside = await listening('from this host');
		state = await mkdtemp('/tmp/cb-qemu-');
		directory = await mkdtemp('/tmp/cb-qemu-builds-');
		const provider = `{ kind: qemu, image: ${image}, acceleration: tcg, stateDirectory: ${state} }`;
		queue = await startQueue(directory, 'qemu', [
			...['max: 3', 'reserve: 2', 'network: shared', 'bootTimeout: 3m'],
			`provider: ${provider}`,
		]);
		await queue.untilStatus(({ builders }) => builders.filter((one) => one.state === 'ready').length === 2);
	});
	afterAll(async () => {
		await queue.close();
		inside.close();
		expect(carriers(state)).toEqual([]);
		expect(readdirSync(state)).toEqual([]);
		for (const path of [state, directory]) await rm(path, { recursive: true });
	});
	const write = (name: string, content: string | Uint8Array): string => {
		writeFileSync(join(directory, name), content);
		return join(directory, name);
	};

	/** A %post that asks for each URL. */
	const asking = (urls: readonly string[]): string =>
		scratchRecipe(
			[
				'%post',
				'    echo "as $(id -u) in $(cat /proc/1/comm)"',
				...urls.map(
					(url) =>
						`    if wget -q -T 5 -O /tmp/answer ${url}; then echo "REACHED ${url}"; else echo "refused ${url}"; fi`,
				),
			].join('\n'),
		);
	/** This host, as a guest may try to reach it. */
	const doors = (): string[] => {
		const own = Object.values(networkInterfaces())
			.flatMap((some) => some ?? [])
			.filter(({ family, internal }) => family === 'IPv4' && !internal)
			.map(({ address }) => address);
		return ['127.0.0.1', '10.0.2.2', ...own].map((address) => `http://${address}:${portOf(inside)}/`);
	};

	it('a definition, in network shared: this host is not reached, the world is', async () => {
		const target = join(directory, 'asks.sif');
		const definition = write('asks.def', asking([...doors(), release]));
		const result = await runCommand('container-builder', ['--queue', queue.url, target, definition]);
		expect(result.status, result.stderr).toBe(0);
		for (const url of doors()) expect(result.stdout).toContain(`refused ${url}`);
		expect(result.stdout).toContain(`REACHED ${release}`);
		expect(result.stdout).toContain('as 0 in ');
		expect(await apptainer('inspect', target)).toContain('build-arch');
	});

	it('a Dockerfile', async () => {
		mkdirSync(join(directory, 'docker'));
		write('docker/busybox', await busyboxBinary());
		const dockerfile = write(
			'docker/Dockerfile',
			'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nRUN echo made in a machine of its own > /made\nENTRYPOINT ["/bin/sh", "-c", "read line </made; echo $line"]\n',
		);
		const target = join(directory, 'docker.sif');
		const result = await runCommand('container-builder', ['--queue', queue.url, target, dockerfile]);
		expect(result.status, result.stderr).toBe(0);
		expect(await apptainer('run', target)).toBe('made in a machine of its own\n');
	});

	it('without a queue, in network none: nothing is reached', async () => {
		const target = join(directory, 'none.sif');
		const urls = [...doors(), release];
		const definition = write('none.def', asking(urls));
		const words = ['--provider', 'qemu', '--network', 'none', target, definition];
		const result = await runCommand('container-builder', words);
		expect(result.status, result.stderr).toBe(0);
		for (const url of urls) expect(result.stdout).toContain(`refused ${url}`);
	});
});
