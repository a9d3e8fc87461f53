import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Machine } from '@olcf/container-builder-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxBinary } from '../support/busybox.js';
import { runCommand, start } from '../support/command.js';
import { aptMirror, debianBase } from '../support/debian-base.js';
import { apptainer } from '../support/in-image.js';
import { startQueue, type TestQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { serverHello } from '../support/server-hello.js';
import { carriers, kilobytesOf, vmImage } from '../support/virtual-machines.js';

/** A private address of this host, where what is allowed listens. */
const WAY = '10.231.251.1';

describe('builds in machines', () => {
	let image: string;
	let directory: string;
	let inside: Server;
	let allowed: Server;
	let release: string;
	let queue: TestQueue;
	let state: string;
	const own = (): string[] =>
		Object.values(networkInterfaces())
			.flatMap((some) => some ?? [])
			.filter(({ family, internal }) => family === 'IPv4' && !internal)
			.map(({ address }) => address);
	const portOf = (server: Server): number => (server.address() as AddressInfo).port;
	const listening = (answer: string): Promise<Server> =>
		new Promise((resolve) => {
			const server = createServer((_request, response) => response.end(answer));
			server.listen(0, () => resolve(server));
		});
	beforeAll(async () => {
		release = `${await aptMirror()}/dists/bookworm/Release`;
		image = (await vmImage()).path;
		inside = await listening('from this host');
		allowed = await listening('as configured');
		state = await mkdtemp('/tmp/cb-qemu-');
		directory = await mkdtemp('/tmp/cb-qemu-builds-');
		execFileSync('ip', ['address', 'add', `${WAY}/32`, 'dev', 'lo']);
		const way = `[{ address: ${WAY}, port: ${portOf(allowed)} }]`;
		const provider = `{ kind: qemu, image: ${image}, acceleration: tcg, stateDirectory: ${state}, allow: ${way} }`;
		queue = await startQueue(directory, 'qemu', [
			...['max: 3', 'reserve: 2', 'network: isolated', 'bootTimeout: 3m'],
			`provider: ${provider}`,
		]);
		await queue.untilStatus(({ builders }) => builders.filter((one) => one.state === 'ready').length === 2);
	});
	afterAll(async () => {
		await queue.close();
		inside.close();
		allowed.close();
		execFileSync('ip', ['address', 'del', `${WAY}/32`, 'dev', 'lo']);
		expect(carriers(state)).toEqual([]);
		expect(readdirSync(state)).toEqual([]);
		for (const path of [state, directory]) await rm(path, { recursive: true });
	});
	const write = (name: string, content: string | Uint8Array): string => {
		writeFileSync(join(directory, name), content);
		return join(directory, name);
	};

	/** A %post that asks for each URL, and knocks at each `HOST PORT`. */
	const asking = (urls: readonly string[], machines: readonly string[] = []): string =>
		scratchRecipe(
			[
				'%post',
				'    echo "as $(id -u) in $(cat /proc/1/comm)"',
				...urls.map(
					(url) =>
						`    if wget -q -T 5 -O /tmp/answer ${url}; then echo "REACHED ${url}"; else echo "refused ${url}"; fi`,
				),
				...machines.map(
					(one) => `    if nc -w 5 ${one} </dev/null; then echo "OPEN ${one}"; else echo "closed ${one}"; fi`,
				),
			].join('\n'),
		);
	/** This host, as a guest may try to reach it. */
	const doors = (): string[] =>
		['127.0.0.1', '10.0.2.2', ...own()].map((address) => `http://${address}:${portOf(inside)}/`);
	const ports = (): number[] =>
		readdirSync(state)
			.map((name) => JSON.parse(readFileSync(join(state, name, 'machine.json'), 'utf8')) as Machine)
			.flatMap(({ endpoint }) => (endpoint === undefined ? [] : Number(new URL(endpoint.url).port)));

	it('two that wait take little', () => {
		const residents = carriers(state).map((pid) =>
			Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
		);
		const memory = residents.reduce((sum, kilobytes) => sum + kilobytes, 0) / 2 / 1_024;
		expect(memory).toBeGreaterThan(0);
		const disk = kilobytesOf(state) / 2 / 1_024;
		console.log(`a waiting machine takes ${memory.toFixed(0)} MiB of memory, ${disk.toFixed(1)} MiB of disk`);
	});

	it('two of one snapshot share nothing that tells machines apart', async () => {
		const said = (name: string, command: string): string => `    echo "${name}: $(${command})"`;
		const marked = "tr '\\0' '\\n' </proc/$PPID/environ | grep ^CONTAINER_BUILDER_PROCESS=";
		const tells = scratchRecipe('').replace(
			'%setup\n',
			[
				'%setup',
				said('machine id', 'cat /etc/machine-id'),
				said('address', 'cat /sys/class/net/e*/address'),
				said('random number of the kernel', 'head -c 16 /dev/urandom | od -A n -t x1'),
				said('random number of the daemon', marked),
				...Array.from({ length: 5 }, () => `${said('clock', 'date +%s.%N')}; sleep 0.2`),
				'',
			].join('\n'),
		);
		expect(ports()).toHaveLength(2);
		const hellos = ports().map(serverHello);
		const definition = write('tells.def', tells);
		const told = await Promise.all(
			['one.sif', 'two.sif'].map(async (name) => {
				const began = performance.now();
				const command = start('container-builder', ['--queue', queue.url, join(directory, name), definition]);
				const { status, stdout, stderr } = await command.ended;
				expect(status, stderr).toBe(0);
				const handedOut = (command.pieces[0]?.at ?? Number.NaN) - began;
				const lags = command.pieces.flatMap(({ at, bytes }) =>
					[...bytes.toString().matchAll(/clock: ([\d.]+)/g)].map(
						([, seconds]) => performance.timeOrigin + at - 1_000 * Number(seconds),
					),
				);
				// What is over the difference of the clocks is the way that the output takes.
				const lag = Math.min(...lags);
				expect(Math.abs(lag)).toBeLessThan(1_000);
				const lines = [...stdout.matchAll(/^([a-z ]+): (?!\d+\.)(.*)$/gm)];
				return { lag, handedOut, all: new Map(lines.map(([, key = '', value = '']) => [key, value.trim()])) };
			}),
		);
		const [one, two] = told.map(({ all }, at) => new Map([...all, ...Object.entries(hellos[at] ?? {})]));
		if (one === undefined || two === undefined) throw new Error('there are two');
		console.log(
			`first output after ${told.map(({ handedOut }) => handedOut.toFixed(0)).join(' and ')} ms, of waiting machines`,
		);
		console.log(`clocks differ by ${told.map(({ lag }) => lag.toFixed(0)).join(' and ')} ms`);
		for (const [name, shape] of Object.entries({
			'machine id': /^[0-9a-f]{32}$/,
			address: /^02(:[0-9a-f]{2}){5}$/,
			'random number of the kernel': /^[0-9a-f ]{47}$/,
			'random number of the daemon': /=[0-9a-f-]{36}$/,
			random: /^[0-9a-f]{64}$/,
			key: /^30[0-9a-f]{80,}$/,
		})) {
			expect(one.get(name), name).toMatch(shape);
			expect(two.get(name), name).toMatch(shape);
			expect(one.get(name), name).not.toBe(two.get(name));
		}
	});

	it('a definition, in network isolated: neither this host nor another machine is reached, the world is', async () => {
		const target = join(directory, 'asks.sif');
		const way = `http://${WAY}:${portOf(allowed)}/`;
		const closed = [...doors(), `http://${WAY}:${portOf(inside)}/`];
		const others = ports();
		expect(others.length).toBeGreaterThan(0);
		const machines = others.flatMap((port) =>
			['127.0.0.1', '10.0.2.2', ...own()].map((one) => `${one} ${port}`),
		);
		// Of the one that builds too.
		const mirror = `${new URL(release).hostname} 80`;
		const definition = write('asks.def', asking([...closed, way, release], [...machines, mirror]));
		const result = await runCommand('container-builder', ['--queue', queue.url, target, definition]);
		expect(result.status, result.stderr).toBe(0);
		for (const url of closed) expect(result.stdout).toContain(`refused ${url}`);
		for (const machine of machines) expect(result.stdout).toContain(`closed ${machine}`);
		for (const url of [way, release]) expect(result.stdout).toContain(`REACHED ${url}`);
		expect(result.stdout).toContain(`OPEN ${mirror}`);
		expect(result.stdout).toContain('as 0 in ');
		expect(await apptainer('inspect', target)).toContain('build-arch');
	});

	it('packages install', async () => {
		mkdirSync(join(directory, 'base'));
		copyFileSync(await debianBase(), join(directory, 'base/base.tar'));
		const base = join(directory, 'base.sif');
		const dockerfile = write('base/Dockerfile', 'FROM scratch\nADD base.tar /\n');
		const made = await runCommand('container-builder', [base, dockerfile]);
		expect(made.status, made.stderr).toBe(0);
		const target = join(directory, 'installed.sif');
		const definition = write(
			'installed.def',
			`Bootstrap: localimage
From: base.sif

%post
    apt-get update
    apt-get install --yes --no-install-recommends hello
    rm -rf /var/lib/apt/lists /var/cache/apt
`,
		);
		const result = await runCommand('container-builder', ['--queue', queue.url, target, definition], {
			cwd: directory,
		});
		expect(result.status, `${result.stdout}\n${result.stderr}`).toBe(0);
		expect(await apptainer('exec', target, 'hello')).toBe('Hello, world!\n');
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

	for (const [network, world] of [
		['shared', 'REACHED'],
		['none', 'refused'],
	] as const) {
		it(`without a queue, in network ${network}: this host is not reached`, async () => {
			const definition = write(`${network}.def`, asking([...doors(), release]));
			const words = [
				'--provider',
				'qemu',
				'--network',
				network,
				join(directory, `${network}.sif`),
				definition,
			];
			const result = await runCommand('container-builder', words);
			expect(result.status, result.stderr).toBe(0);
			for (const url of doors()) expect(result.stdout).toContain(`refused ${url}`);
			expect(result.stdout).toContain(`${world} ${release}`);
		});
	}
});
