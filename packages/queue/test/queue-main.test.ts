import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	ContainerBuilderError,
	type MachineLimits,
	type Provider,
	RemoteQueue,
} from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { describe, expect, it } from 'vitest';
import { type QueueMainOptions, queueMain } from '../src/index.js';
import { afterwards, daemonProvider, temporaryDirectory, until } from './queue-site.js';

/** A stream that is kept as text. */
function recorder() {
	let text = '';
	return {
		write: (chunk: string) => {
			text += chunk;
		},
		get text() {
			return text;
		},
		get lines() {
			return text.split('\n').filter((line) => line !== '');
		},
	};
}

async function site(yaml: readonly string[], more: { limits?: readonly (keyof MachineLimits)[] } = {}) {
	const directory = await temporaryDirectory();
	const { provider, transport } = await daemonProvider();
	let closed = false;
	const onClose = (): void => {
		closed = true;
	};
	const made: Readonly<Record<string, unknown>>[] = [];
	const url = `ws+unix://${directory}/run/queue.sock`;
	const path = join(directory, 'queue.yaml');
	await writeFile(path, yaml.join('\n').replaceAll('URL', url));
	const stdout = recorder();
	const stderr = recorder();
	const controller = new AbortController();
	afterwards(async () => controller.abort());
	const run = (argv: readonly string[] = ['--config', path], overrides: Partial<QueueMainOptions> = {}) =>
		queueMain({
			argv,
			environment: {},
			providers: {
				fake: {
					create: (options) => {
						if (options.color !== undefined) throw new TypeError('there is no option color');
						made.push(options);
						const closing: Provider = { ...bound(provider), close: async () => onClose() };
						return closing;
					},
					...(more.limits === undefined ? {} : { inspectHost: async () => ({ limits: more.limits ?? [] }) }),
				},
			},
			transports: ({ insecure }) => [ws({ insecure }), transport],
			streams: { stdout, stderr },
			signal: controller.signal,
			directory,
			version: '1.2.3',
			...overrides,
		});
	const remote = new RemoteQueue({ endpoint: url, transports: [ws()] });
	afterwards(() => remote.close());
	return {
		directory,
		path,
		url,
		provider,
		made,
		stdout,
		stderr,
		controller,
		run,
		remote,
		isClosed: () => closed,
	};
}

/** The provider's methods, which a spread of the class would leave behind. */
function bound(provider: Provider): Provider {
	return {
		specificationVersion: 'v1',
		name: provider.name,
		capabilities: provider.capabilities,
		create: (...call) => provider.create(...call),
		destroy: (...call) => provider.destroy(...call),
		list: (...call) => provider.list(...call),
		sweep: (...call) => provider.sweep(...call),
	};
}

const POOL = [
	'owner: cb',
	'listen: [URL]',
	'pool:',
	'  provider: { kind: fake, size: 3 }',
	'  max: 2',
	'  reserve: 1',
];

describe('the command', () => {
	it('checks the file of registry logins, too', async () => {
		const { run, directory, stdout, stderr, path } = await site([
			...POOL,
			'registries: { authfile: auth.json }',
		]);
		const authfile = join(directory, 'auth.json');
		await writeFile(authfile, '{"auths":{"registry.example":{"auth":"c2l0ZTpzZWNyZXQ="}}}', { mode: 0o600 });
		expect(await run(['check', '--config', path])).toBe(0);
		expect(stdout.text).toBe(`${path}: in order\n`);
		await chmod(authfile, 0o644);
		expect(await run(['check', '--config', path])).toBe(2);
		expect(stderr.text).toContain(`error: everybody on this machine could use the logins in ${authfile}`);
		expect(stderr.text).not.toContain('secret');
	});

	it('serves until it is told to end, and leaves nothing', async () => {
		const { run, remote, provider, made, stderr, controller, isClosed, url } = await site(POOL);
		const running = run();
		await until(async () => stderr.text.includes('builder-ready'));
		expect(made).toEqual([{ size: 3 }]);
		const status = await remote.status();
		expect(status).toMatchObject({ owner: 'cb', version: '1.2.3', state: 'open' });
		expect(status.builders).toMatchObject([{ state: 'ready' }]);
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		const waiting = [2, 3].map((number) => remote.checkout({ buildId: `build-000${number}` }));
		await until(async () => (await remote.status()).waiting.length > 0);
		controller.abort();
		expect(await running).toBe(0);
		const ends = await Promise.allSettled(waiting.map(({ granted }) => granted));
		for (const end of ends)
			if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'queue-closed' });
		expect(ends.some(({ status: how }) => how === 'rejected')).toBe(true);
		expect(provider.machines).toEqual([]);
		expect(isClosed()).toBe(true);

		const logs = stderr.lines.map((line) => JSON.parse(line) as { msg: string; level: number });
		expect(logs[0]).toMatchObject({ msg: 'listening', endpoints: [url], owner: 'cb', name: 'cb-queue' });
		expect(logs.map(({ msg }) => msg)).toEqual(
			expect.arrayContaining(['client connected', 'lease-start', 'lease-end', 'builder-gone']),
		);
		expect(stderr.text).not.toContain(lease.token);
	});

	it('ends with what the provider cannot do', async () => {
		const { run, provider, stderr } = await site(POOL);
		provider.failNext(
			'list',
			new ContainerBuilderError('provider-misconfigured', 'mount is not installed', {
				hint: 'apt-get install mount',
			}),
		);
		expect(await run()).toBe(4);
		expect(stderr.text).toContain('error: mount is not installed\nhint: apt-get install mount\n');
	});

	it('checks a configuration, told by option or environment', async () => {
		const { run, stdout, stderr, path, made } = await site(POOL);
		expect(await run(['check', '--config', 'queue.yaml'])).toBe(0);
		expect(await run(['check'], { environment: { CB_QUEUE_CONFIG: path } })).toBe(0);
		expect(stdout.text).toBe(`queue.yaml: in order\n${path}: in order\n`);
		expect(made).toEqual([{ size: 3 }, { size: 3 }]);
		await writeFile(path, (await readFile(path, 'utf8')).replace('max: 2', 'max: two'));
		expect(await run(['check', '--config', path])).toBe(2);
		expect(stderr.text).toBe(`error: ${path}:5:8: pool.max must be a whole number from 1 on\n`);
	});

	it('helps', async () => {
		const { run, stdout, stderr } = await site(POOL);
		expect(await run(['--help'])).toBe(0);
		expect(stdout.text).toContain('Usage: cb-queue [check] --config FILE');
		expect(await run(['--version'])).toBe(0);
		expect(stdout.text).toContain('\n1.2.3\n');
		expect(await run([])).toBe(2);
		expect(await run(['serve', '--config', 'x'])).toBe(2);
		expect(await run(['--colour'])).toBe(2);
		expect(stderr.lines.filter((line) => line.startsWith('error: '))).toHaveLength(3);
	});

	it.each([
		[
			'a provider that there is not',
			['owner: cb', 'listen: [URL]', 'pool: { provider: { kind: cloud } }'],
			'Allowed: fake.',
		],
		[
			'an option that its provider does not have',
			['owner: cb', 'listen: [URL]', 'pool: { provider: { kind: fake, color: red } }'],
			'pool.provider: there is no option color',
		],
		[
			'wss without a certificate',
			['owner: cb', "listen: ['wss://127.0.0.1:0']", 'insecure: true', 'pool: { provider: { kind: fake } }'],
			'needs a certificate and its key',
		],
		[
			'a certificate that is not there',
			[
				'owner: cb',
				"listen: ['wss://127.0.0.1:0']",
				'insecure: true',
				'tls: { certificate: c, key: k }',
				'pool: { provider: { kind: fake } }',
			],
			'/c cannot be read',
		],
		[
			'half of the credentials',
			[
				'owner: cb',
				'listen: [URL]',
				'pool: { provider: { kind: fake } }',
				'catalogue: { registry: "https://r", username: u }',
			],
			'username and passwordFile go together',
		],
		[
			'strangers',
			['owner: cb', "listen: ['ws://127.0.0.1:0']", 'pool: { provider: { kind: fake } }'],
			'it asks for no credentials',
		],
	])('refuses %s', async (_name, yaml, message) => {
		const { run, stderr, provider } = await site(yaml);
		expect(await run()).toBe(2);
		expect(stderr.text).toContain(message);
		expect(provider.machines).toEqual([]);
	});

	const REMOTE = [
		'owner: cb',
		"listen: ['ws://0.0.0.0:0']",
		'insecure: true',
		'pool: { provider: { kind: fake } }',
	];

	it('serves no other hosts with limits that cannot be enforced, unless told to', async () => {
		const unlimited = await site(REMOTE, { limits: ['processes', 'cpus'] });
		expect(await unlimited.run()).toBe(2);
		expect(unlimited.stderr.text).toContain('it cannot limit memory, disk');
		expect(unlimited.stderr.text).toContain('allowUnenforcedLimits: true');

		const served = async (
			yaml: readonly string[],
			limits?: readonly (keyof MachineLimits)[],
		): Promise<number> => {
			const { run, stderr, controller } = await site(yaml, limits === undefined ? {} : { limits });
			const running = run();
			await until(() => stderr.text.includes('"listening"'));
			controller.abort();
			return await running;
		};
		expect(await served([...REMOTE, 'allowUnenforcedLimits: true'], [])).toBe(0);
		expect(await served(REMOTE, ['memoryBytes', 'diskBytes', 'processes'])).toBe(0);
		expect(await served(REMOTE)).toBe(0);
		expect(
			await served(
				REMOTE.map((line) => line.replace('0.0.0.0', '127.0.0.1')),
				[],
			),
		).toBe(0);
	});

	it('listens on no socket in a directory of others', async () => {
		const { run, stderr, directory, path } = await site([
			'owner: cb',
			'listen: [URL]',
			'pool: { provider: { kind: fake } }',
		]);
		const open = (await readFile(path, 'utf8')).replace('/run/queue.sock', '/queue.sock');
		await writeFile(path, open);
		await chmod(directory, 0o755);
		expect(await run()).toBe(2);
		expect(stderr.text).toContain(`chmod 700 ${directory}`);
		await chmod(directory, 0o700);
		expect(await run(['check', '--config', path])).toBe(0);
	});
});
