import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Machine, MachineRequest } from '@olcf/container-builder-core';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withSocket } from '../src/host.js';
import { host } from '../src/index.js';
import { bundle } from './fixtures/bundle.js';
import { call, run, until } from './fixtures/sandbox-session.js';

const daemon = fileURLToPath(new URL('fixtures/daemon.mjs', import.meta.url));
const listen = { url: 'ws+unix:///run/container-builder/builder.sock' };
const bootstrap = Buffer.from(JSON.stringify({ listen }));

describe('host', () => {
	const path = process.env.PATH;
	let directory: string;
	let options: { daemon: string; stateDirectory: string; cacheDirectory: string };
	let request: MachineRequest;
	beforeEach(async () => {
		directory = await mkdtemp('/tmp/cb-host-');
		// Whether this machine has an apptainer is not what is tried here.
		await mkdir(join(directory, 'bin'));
		await writeFile(join(directory, 'bin', 'apptainer'), '#!/bin/sh\n');
		await chmod(join(directory, 'bin', 'apptainer'), 0o755);
		process.env.PATH = `${join(directory, 'bin')}${delimiter}${path}`;
		options = { daemon, stateDirectory: join(directory, 'state'), cacheDirectory: join(directory, 'cache') };
		request = {
			builderId: 'b1',
			owner: 'tests',
			pool: 'tests',
			architecture: host(options).capabilities.architectures[0] ?? 'amd64',
			bootstrap,
			lifetimeMs: 600_000,
			network: 'shared',
			labels: {},
		};
	});
	afterEach(async () => {
		process.env.PATH = path;
		await rm(directory, { recursive: true });
	});

	const left = async (): Promise<readonly string[]> => {
		const files = await Promise.all(
			[options.stateDirectory, join(options.cacheDirectory, 'disks')].map((place) => readdir(place)),
		);
		return [...files.flat(), ...(await stragglers(directory))];
	};

	test('runs the daemon as the caller, in a directory and a session of its own', async () => {
		process.env.CB_TEST_VARIABLE = 'kept';
		const provider = host(options);
		const machine = await provider.create(request);
		expect(machine).toMatchObject({ state: 'running', reach: 'host' });
		const info = JSON.parse(await call(machine, '/'));
		expect(info.bootstrap.listen.url).toBe(machine.endpoint?.url);
		const { output } = await run(
			machine,
			'id -u; pwd; echo $CB_TEST_VARIABLE; env | grep -cE "^(SCRIPTS|RESOURCES|MARKER|KIND)="; umask',
		);
		delete process.env.CB_TEST_VARIABLE;
		const lines = output.split('\n');
		expect(lines[0]).toBe(String(process.getuid?.()));
		expect(lines[1]).toMatch(new RegExp(`^${directory}/cache/disks/`));
		expect(lines.slice(2)).toEqual(['kept', '0', '0022', '']);
		await provider.destroy(request);
		expect(await left()).toEqual([]);
	});

	test('destroy takes everything along that the daemon has started', async () => {
		const provider = host(options);
		const machine = await provider.create(request);
		await run(
			machine,
			`sleep 601 >/dev/null 2>&1 &
			setsid sleep 602 >/dev/null 2>&1 &
			setsid sh -c 'setsid sleep 603 & exit' >/dev/null 2>&1
			setsid sh -c 'env -i sleep 604; true' >/dev/null 2>&1 &`,
		);
		const commands = ['sleep 601', 'sleep 602', 'sleep 603', 'sleep 604'];
		await until(async () => (await processesNamed(commands)).length === commands.length);
		await provider.destroy(request);
		expect(await left()).toEqual([]);
		expect(await processesNamed(commands)).toEqual([]);
	});

	test('an ended daemon is a failed machine that says why', async () => {
		const provider = host(options);
		await provider.create({ ...request, bootstrap: Buffer.from('{"fail":"no good bootstrap"}') });
		await until(async () => (await provider.list({ owner: 'tests' }))[0]?.state === 'failed');
		expect((await provider.list({ owner: 'tests' }))[0]?.fault).toContain('no good bootstrap');
		await provider.close?.();
		expect(await left()).toEqual([]);
	});

	test('a killed process takes its daemons along', async () => {
		const built = await bundle();
		const script = `import { host } from ${JSON.stringify(built.file)};
			const request = JSON.parse(process.argv[2]);
			const provider = host(JSON.parse(process.argv[1]));
			const bootstrap = Buffer.from(request.bootstrap);
			console.log(JSON.stringify(await provider.create({ ...request, bootstrap })));
			setInterval(() => {}, 1000);`;
		const plain = JSON.stringify({ ...request, bootstrap: bootstrap.toString() });
		const args = ['--input-type=module', '-e', script, JSON.stringify(options), plain];
		const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
		const [line] = await once(createInterface({ input: child.stdout }), 'line');
		const machine: Machine = JSON.parse(String(line));
		await run(machine, 'setsid sleep 605 >/dev/null 2>&1 &');
		child.kill('SIGKILL');
		await once(child, 'exit');
		await until(async () => (await left()).length === 0);
		expect(await processesNamed(['sleep 605'])).toEqual([]);
		await built.remove();
	});

	test('without apptainer and singularity, create says what to install', async () => {
		process.env.PATH = join(directory, 'empty');
		await expect(host(options).create(request)).rejects.toMatchObject({
			code: 'provider-misconfigured',
			outcome: 'none',
			message: expect.stringContaining('neither apptainer nor singularity'),
			hint: expect.stringContaining('Install Apptainer'),
		});
	});

	test('other networks are not to be had', async () => {
		await expect(host(options).create({ ...request, network: 'isolated' })).rejects.toMatchObject({
			code: 'unsupported',
			outcome: 'none',
		});
	});

	test('the socket takes the place of the one that stands for all', () => {
		const text = withSocket(
			Buffer.from('{"a":"ws+unix:///run/container-builder/builder.sock","b":"ü"}'),
			'ws+unix:///ä',
		);
		expect(Buffer.from(text).toString()).toBe('{"a":"ws+unix:///ä","b":"ü"}');
	});

	describe('conformance', () => {
		testProvider({
			test: (name, runTest) => test(name, runTest, 60_000),
			setup: () => ({ provider: host(options), request: { bootstrap } }),
		});
	});
});

/** The processes that carry something of a directory in their environment. */
async function stragglers(directory: string): Promise<readonly string[]> {
	const found: string[] = [];
	for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
		const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
		if (/^CONTAINER_BUILDER_MACHINE=/m.test(text.replaceAll('\0', '\n')) && text.includes(directory))
			found.push(pid);
	}
	return found;
}

async function processesNamed(commands: readonly string[]): Promise<readonly string[]> {
	const found: string[] = [];
	for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
		const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
		const command = text.replaceAll('\0', ' ').trim();
		if (commands.includes(command)) found.push(command);
	}
	return found;
}
