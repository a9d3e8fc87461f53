import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration, parseConfiguration } from '../src/index.js';
import { temporaryDirectory } from './queue-site.js';

const LEAST = `owner: cb
listen: ['ws+unix:///run/cb/queue.sock']
pool:
  provider: { kind: local }
`;

function mistakeIn(text: string): string {
	try {
		parseConfiguration(text, '/etc/cb/queue.yaml');
	} catch (error) {
		expect(error).toMatchObject({ code: 'invalid-configuration', exitCode: 2 });
		return (error as Error).message;
	}
	throw new Error('there was no mistake');
}

describe('a configuration', () => {
	it('has defaults for all but owner, listen and provider', () => {
		expect(parseConfiguration(LEAST, '/etc/cb/queue.yaml')).toEqual({
			owner: 'cb',
			listen: ['ws+unix:///run/cb/queue.sock'],
			tls: undefined,
			pools: [
				{
					name: 'default',
					provider: { kind: 'local' },
					enabled: true,
					max: 4,
					reserve: 0,
					network: 'isolated',
					labels: {},
				},
			],
			users: {},
			fairness: {},
			shutdown: {},
			leases: {},
			catalogue: undefined,
			registries: undefined,
			log: { level: 'info' },
			insecure: false,
			allowUnenforcedLimits: false,
		});
	});

	it('is read with its units, and paths from where it stands', () => {
		const text = `
owner: cb-queue
listen:
  - wss://0.0.0.0:8443
  - ws+unix:///run/cb/queue.sock
tls: { certificate: tls/queue.pem, key: /etc/ssl/queue.key }
pool:
  name: small
  provider: { kind: openstack, cloud: site }
  max: 25
  reserve: 10
  architecture: arm64
  network: shared
  flavor: m1.large
  image: BuilderImage
  limits: { memory: 4GiB, cpus: 1.5, disk: 20 GB, processes: 512 }
  labels: { site: olcf }
  bootTimeout: 90s
  createTimeout: 5m
  createConcurrency: 3
  lifetime: 2d
  scaleFactor: 0.5
  maxReserve: 12
  maxReserveAge: 6h
  createRate: 10/1m
  launchRetries: 3
  periods:
    - { days: [sat, sun], from: '00:00', to: '24:00', timezone: Europe/Berlin, reserve: 1 }
store: { directory: state }
users:
  default: { running: 4, waiting: 100 }
  byName:
    alice: { running: 20, priority: high }
fairness: { halfLife: 6h, patience: 1h }
reconcile: 30s
shutdown: { drain: 5m }
leases: { deadline: 4h, idle: 1.5m }
catalogue:
  registry: https://registry.example.org
  repositories: [olcf/titan]
  username: ci
  passwordFile: password
registries: { authfile: auth.json }
log: { level: debug }
insecure: true
allowUnenforcedLimits: true
`;
		expect(parseConfiguration(text, '/etc/cb/queue.yaml')).toEqual({
			owner: 'cb-queue',
			listen: ['wss://0.0.0.0:8443', 'ws+unix:///run/cb/queue.sock'],
			tls: { certificate: '/etc/cb/tls/queue.pem', key: '/etc/ssl/queue.key' },
			store: { directory: '/etc/cb/state' },
			pools: [
				{
					name: 'small',
					provider: { kind: 'openstack', cloud: 'site' },
					max: 25,
					reserve: 10,
					architecture: 'arm64',
					network: 'shared',
					flavor: 'm1.large',
					image: 'BuilderImage',
					limits: { memoryBytes: 4 * 2 ** 30, cpus: 1.5, diskBytes: 20e9, processes: 512 },
					labels: { site: 'olcf' },
					bootTimeoutMs: 90_000,
					createTimeoutMs: 300_000,
					createConcurrency: 3,
					lifetimeMs: 172_800_000,
					enabled: true,
					scaleFactor: 0.5,
					maxReserve: 12,
					maxReserveAgeMs: 21_600_000,
					createRate: { count: 10, perMs: 60_000 },
					launchRetries: 3,
					periods: [
						{ days: ['sat', 'sun'], from: '00:00', to: '24:00', timezone: 'Europe/Berlin', reserve: 1 },
					],
				},
			],
			users: {
				default: { running: 4, waiting: 100 },
				byName: { alice: { running: 20, priority: 'high' } },
			},
			fairness: { halfLifeMs: 21_600_000, patienceMs: 3_600_000 },
			reconcileMs: 30_000,
			shutdown: { drainMs: 300_000 },
			leases: { deadlineMs: 14_400_000, idleMs: 90_000 },
			catalogue: {
				registry: 'https://registry.example.org',
				repositories: ['olcf/titan'],
				username: 'ci',
				passwordFile: '/etc/cb/password',
				ca: undefined,
				insecure: false,
			},
			registries: { authfile: '/etc/cb/auth.json' },
			log: { level: 'debug' },
			insecure: true,
			allowUnenforcedLimits: true,
		});
	});

	it.each([
		[
			'a key that there is not',
			`${LEAST}  reserv: 2\n`,
			':5:3: pool unknown: reserv. Allowed here: name, provider, enabled, max, reserve,',
		],
		[
			'at the top too',
			`${LEAST}ownr: x\n`,
			':5:1: unknown: ownr. Allowed here: owner, listen, tls, authentication, relay, store, pool,',
		],
		['a wrong type', `${LEAST}  max: many\n`, ':5:8: pool.max must be a whole number from 1 on'],
		['too small a number', `${LEAST}  max: 0\n`, ':5:8: pool.max must be a whole number from 1 on'],
		[
			'a reserve larger than max',
			`${LEAST}  max: 2\n  reserve: 3\n`,
			':6:12: pool.reserve must not be larger than max',
		],
		[
			'a length of time without a unit',
			`${LEAST}leases: { idle: 90 }\n`,
			':5:17: leases.idle must be a length of time such as',
		],
		[
			'no such length of time',
			`${LEAST}leases:\n  deadline: 4 hours\n`,
			':6:13: leases.deadline must be a length of time such as',
		],
		[
			'a size that is none',
			`${LEAST}  limits:\n    memory: lots\n`,
			':6:13: pool.limits.memory must be a size such as',
		],
		[
			'a network that there is not',
			`${LEAST}  network: open\n`,
			':5:12: pool.network must be one of: isolated, shared, none',
		],
		[
			'an architecture that there is not',
			`${LEAST}  architecture: x86\n`,
			':5:17: pool.architecture must be one of: amd64, arm64, ppc64le',
		],
		['a name that cannot be', LEAST.replace('owner: cb', 'owner: My Queue'), ':1:8: owner must be a name'],
		[
			'a URL that cannot be',
			LEAST.replace('ws+unix:///run', 'http://run'),
			':2:10: listen.0 must be wss://HOST:PORT',
		],
		[
			'no place to listen',
			LEAST.replace("['ws+unix:///run/cb/queue.sock']", '[]'),
			':2:9: listen must name at least one URL',
		],
		['no owner', LEAST.replace('owner: cb\n', ''), ':1:1: owner is missing: it must be a name'],
		[
			'a provider without a kind',
			LEAST.replace('kind: local', 'image: x'),
			':4:13: pool.provider.kind is missing: it must be text',
		],
		['nothing at all', '', ':1:1: owner is missing: it must be a name'],
		[
			'no pool',
			"owner: cb\nlisten: ['ws+unix:///run/cb/queue.sock']\n",
			':1:1: pool is missing: it must be there, or pools',
		],
		[
			'a pool and pools',
			`${LEAST}pools: [{ provider: { kind: local } }]\n`,
			'pool must not be there beside pools: give one of them',
		],
		[
			'a rate that is none',
			`${LEAST}  createRate: often\n`,
			':5:15: pool.createRate must be a rate such as 10/1m',
		],
		[
			'a period without its hours',
			`${LEAST}  periods: [{ from: 8, to: '18:00', timezone: UTC }]\n`,
			'pool.periods.0.from must be a time of day such as "08:00", in quotes',
		],
		[
			'a priority that there is not',
			`${LEAST}users: { byName: { bob: { priority: top } } }\n`,
			'users.byName.bob.priority must be one of: low, normal, high',
		],
		['a list where keys are due', '- owner\n', ':1:1: must have keys: owner, listen,'],
		[
			'registries without a file',
			`${LEAST}registries: { auth: x }\n`,
			':5:15: registries unknown: auth. Allowed here: authfile',
		],
		['no YAML', 'owner: cb\nlisten: [\n', '/etc/cb/queue.yaml:3:1: '],
		['a key twice', `${LEAST}owner: other\n`, ':5:1: '],
	])('tells where the mistake is: %s', (_name, text, expected) => {
		expect(mistakeIn(text)).toContain(expected);
	});

	it('tells all mistakes at once', () => {
		const lines = mistakeIn(`${LEAST}  max: x\ninsecure: perhaps\n`).split('\n');
		expect(lines).toEqual([
			'/etc/cb/queue.yaml:5:8: pool.max must be a whole number from 1 on',
			'/etc/cb/queue.yaml:6:11: insecure must be true or false',
		]);
	});

	it('is read from a file', async () => {
		const path = join(await temporaryDirectory(), 'queue.yaml');
		await expect(loadConfiguration(path)).rejects.toMatchObject({
			code: 'invalid-configuration',
			message: expect.stringContaining(path),
		});
		await writeFile(path, LEAST);
		expect((await loadConfiguration(path)).owner).toBe('cb');
		await expect(loadConfiguration(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
			code: 'canceled',
		});
	});
});
