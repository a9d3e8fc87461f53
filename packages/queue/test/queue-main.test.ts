import { EventEmitter } from 'node:events';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	ContainerBuilderError,
	type MachineLimits,
	type Provider,
	provenanceKey,
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
	const signals = new EventEmitter();
	let impatience = 0;
	const run = (argv: readonly string[] = ['--config', path], overrides: Partial<QueueMainOptions> = {}) =>
		queueMain({
			argv,
			environment: { XDG_STATE_HOME: directory },
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
			signals,
			onImpatience: () => {
				impatience++;
			},
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
		signals,
		impatience: () => impatience,
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
	'store: { directory: store }',
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

	it('prints the key that provenances are verified with, which it makes once', async () => {
		const { run, directory, stdout, stderr, path } = await site(POOL);
		expect(await run(['key', '--config', path])).toBe(0);
		const { publicKey } = provenanceKey(await readFile(join(directory, 'store/provenance.pem'), 'utf8'));
		expect(stdout.text).toBe(publicKey);
		expect((await stat(join(directory, 'store/provenance.pem'))).mode & 0o777).toBe(0o600);
		expect(await run(['key', '--config', path])).toBe(0);
		expect(stdout.text).toBe(publicKey + publicKey);

		await writeFile(join(directory, 'store/provenance.pem'), 'nonsense');
		expect(await run(['key', '--config', path])).toBe(2);
		expect(stderr.text).toContain('error: that is no Ed25519 key in PEM');
	});

	it('signs with the key and in the name that its configuration says', async () => {
		const { run, directory, stdout, stderr, path } = await site([
			...POOL,
			'provenance: { key: keys/mine.pem, builderId: https://queue.example/olcf }',
		]);
		expect(await run(['key', '--config', path])).toBe(0);
		const { publicKey } = provenanceKey(await readFile(join(directory, 'keys/mine.pem'), 'utf8'));
		expect(stdout.text).toBe(publicKey);
		await writeFile(path, (await readFile(path, 'utf8')).replace('https://queue.example/olcf', 'olcf'));
		expect(await run(['check', '--config', path])).toBe(2);
		expect(stderr.text).toMatch(/queue\.yaml:\d+:\d+: .*builderId must be a URI/);
	});

	it('serves until it is told to end, and leaves nothing', async () => {
		const { run, remote, provider, made, stderr, signals, isClosed, url } = await site(POOL);
		const running = run();
		await until(async () => stderr.text.includes('builder-ready'));
		expect(made).toEqual([{ size: 3 }]);
		const status = await remote.status();
		expect(status).toMatchObject({ owner: 'cb', version: '1.2.3', state: 'open' });
		expect(status.builders).toMatchObject([{ state: 'ready' }]);
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		const waiting = [2, 3].map((number) => remote.checkout({ buildId: `build-000${number}` }));
		await until(async () => (await remote.status()).waiting.length > 0);
		signals.emit('SIGINT');
		expect(await running).toBe(0);
		const ends = await Promise.allSettled(waiting.map(({ granted }) => granted));
		for (const end of ends)
			if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'queue-closed' });
		expect(ends.some(({ status: how }) => how === 'rejected')).toBe(true);
		expect(provider.machines).toEqual([]);
		expect(isClosed()).toBe(true);

		const logs = stderr.lines.map((line) => JSON.parse(line) as { msg: string; level: number });
		expect(logs[0]).toMatchObject({ openFiles: { hard: expect.any(Number) }, name: 'cb-queue' });
		expect(logs[1]).toMatchObject({ msg: 'listening', endpoints: [url], owner: 'cb' });
		expect(logs.map(({ msg }) => msg)).toEqual(
			expect.arrayContaining(['client connected', 'lease-start', 'lease-end', 'builder-gone']),
		);
		expect(stderr.text).not.toContain(lease.token);
	});

	it('ends by itself when nobody has waited or built for as long as it is to wait', async () => {
		const { run, remote, provider, stderr, impatience } = await site([...POOL, 'shutdown: { whenIdle: 1s }']);
		const running = run();
		await until(() => stderr.text.includes('listening'));
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		await lease.renew();
		await lease.release({ status: 'succeeded' });
		const releasedAt = performance.now();
		expect(await running).toBe(0);
		expect(performance.now() - releasedAt).toBeGreaterThan(900);
		expect(stderr.text).toContain('nobody has waited or built');
		expect(provider.machines).toEqual([]);
		expect(impatience()).toBe(0);
	});

	it('lets builds that run end when it is told to, and takes nothing new', async () => {
		const { run, remote, provider, stderr, signals, impatience } = await site(POOL);
		const running = run();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		signals.emit('SIGTERM');
		await until(() => stderr.text.includes('"draining"'));
		await expect(remote.checkout({ buildId: 'build-0002' }).granted).rejects.toMatchObject({
			code: 'queue-closed',
		});
		await lease.renew();
		// The reserve goes, what runs stays.
		await until(() => provider.machines.length === 1);
		await lease.release({ status: 'succeeded' });
		expect(await running).toBe(0);
		expect(provider.machines).toEqual([]);
		expect(impatience()).toBe(0);
	});

	it.each([
		['a second SIGTERM', 'SIGTERM', []],
		['its time to drain', undefined, ['shutdown: { drain: 200ms }']],
	] as const)('ends builds that run after %s', async (_name, second, more) => {
		const { run, remote, provider, stderr, signals, impatience } = await site([...POOL, ...more]);
		const running = run();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		signals.emit('SIGTERM');
		await until(() => stderr.text.includes('"draining"'));
		if (second !== undefined) {
			signals.emit(second);
			signals.emit(second);
			expect(impatience()).toBe(1);
		}
		expect(await running).toBe(0);
		expect(provider.machines).toEqual([]);
		expect(stderr.text).toMatch(new RegExp(`"buildId":"${lease.buildId}".*"reason":"queue-closed"`));
	});

	it('hands over to the next process: builders, leases, and those who wait', async () => {
		const { run, remote, provider, signals, stderr } = await site(POOL);
		const first = run();
		const [one, two] = [1, 2].map((number) => remote.checkout({ buildId: `build-000${number}` }));
		const waiting = remote.checkout({ buildId: 'build-0003' });
		const leases = [await one?.granted, await two?.granted].map((grant) => grant?.lease);
		await until(async () => (await remote.status()).waiting.length === 1);
		const before = provider.machines.map(({ id }) => id).sort();
		signals.emit('SIGUSR2');
		expect(await first).toBe(0);
		expect(provider.machines.map(({ id }) => id).sort()).toEqual(before);

		const second = run();
		for (const lease of leases) await lease?.renew();
		await until(async () => (await remote.status()).waiting.length === 1);
		await leases[0]?.release({ status: 'succeeded' });
		expect((await waiting.granted).lease.buildId).toBe('build-0003');
		expect(stderr.text).not.toContain('never known');
		signals.emit('SIGINT');
		expect(await second).toBe(0);
		expect(provider.machines).toEqual([]);
	});

	it('stands by while another process is the queue, and takes over', async () => {
		const { run, remote, signals, stderr, provider } = await site(POOL);
		const first = run();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		const others = new EventEmitter();
		const second = run(undefined, { signals: others });
		await until(() => stderr.text.includes('stands by'));
		signals.emit('SIGUSR2');
		expect(await first).toBe(0);
		await lease.renew();
		await lease.release({ status: 'succeeded' });
		others.emit('SIGTERM');
		expect(await second).toBe(0);
		expect(provider.machines).toEqual([]);
	});

	it('ends at once while it stands by', async () => {
		const { run, remote, signals, stderr } = await site(POOL);
		const first = run();
		await remote.status();
		const others = new EventEmitter();
		const second = run(undefined, { signals: others });
		await until(() => stderr.text.includes('stands by'));
		others.emit('SIGTERM');
		expect(await second).toBe(0);
		expect((await remote.status()).state).toBe('open');
		signals.emit('SIGINT');
		expect(await first).toBe(0);
	});

	it('reads its configuration again, and drops no lease', async () => {
		const { run, remote, signals, stderr, path, provider } = await site(POOL);
		const running = run();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		const text = await readFile(path, 'utf8');
		await writeFile(
			path,
			`${text.replace('reserve: 1', 'reserve: 3').replace('max: 2', 'max: 5')}\nlog: { level: debug }\n`,
		);
		signals.emit('SIGHUP');
		await until(() => stderr.text.includes('was read again'));
		await until(
			async () => (await remote.status()).builders.filter(({ state }) => state === 'ready').length === 3,
		);
		await lease.renew();

		await writeFile(path, text.replace('max: 2', 'max: many'));
		signals.emit('SIGHUP');
		await until(() => stderr.text.includes('stays as it was'));
		expect(stderr.text).toContain('pool.max must be a whole number');
		const others = text.replace('owner: cb', 'owner: other').replace('size: 3', 'size: 4');
		await writeFile(path, `${others}\nprovenance: { key: other.pem }\n`);
		signals.emit('SIGHUP');
		await until(() => stderr.text.includes('cannot change: owner, provenance, provider of the pool default'));
		await lease.renew();
		expect((await remote.status()).pools).toMatchObject([{ max: 5, reserve: 3 }]);
		signals.emit('SIGINT');
		expect(await running).toBe(0);
		expect(provider.machines).toEqual([]);
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
		const { run, stdout, stderr, path, made, directory } = await site(POOL);
		expect(await run(['check', '--config', 'queue.yaml'])).toBe(0);
		expect(await run(['check'], { environment: { CB_QUEUE_CONFIG: path, XDG_STATE_HOME: directory } })).toBe(
			0,
		);
		expect(stdout.text).toBe(`queue.yaml: in order\n${path}: in order\n`);
		expect(made).toEqual([{ size: 3 }, { size: 3 }]);
		await writeFile(path, (await readFile(path, 'utf8')).replace('max: 2', 'max: two'));
		expect(await run(['check', '--config', path])).toBe(2);
		expect(stderr.text).toBe(`error: ${path}:6:8: pool.max must be a whole number from 1 on\n`);
	});

	it('helps', async () => {
		const { run, stdout, stderr } = await site(POOL);
		expect(await run(['--help'])).toBe(0);
		expect(stdout.text).toContain('Usage: cb-queue [check | key] --config FILE');
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
			'pool: provider: there is no option color',
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
			const { run, stderr, signals } = await site(yaml, limits === undefined ? {} : { limits });
			const running = run();
			await until(() => stderr.text.includes('"listening"'));
			signals.emit('SIGINT');
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
