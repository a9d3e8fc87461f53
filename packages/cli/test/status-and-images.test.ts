import { once } from 'node:events';
import { createServer } from 'node:http';
import type { QueueStatus } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { cbImages } from '../src/commands/cb-images.js';
import { cbStatus } from '../src/commands/cb-status.js';
import { showImages } from '../src/commands/show-images.js';
import { showStatus } from '../src/commands/show-status.js';
import { CONTROL_CHARACTERS, run } from './support/recorder.js';
import { startSite } from './support/site.js';

const IMAGES = [
	{ repository: 'olcf/titan', tags: ['centos-7_2018-01-18', 'ubuntu-16.04_2018-01-18'] },
	{ repository: 'olcf/summit', tags: ['centos-7_2018-02-08'] },
];

const NONE = { creating: 0, booting: 0, ready: 0, leased: 0, failed: 0, destroying: 0 };
const NOTHING = { outdated: 0, create: 0, createReason: 'reserve', destroy: [], heldBy: [] } as const;
const TWO_POOLS: QueueStatus = {
	owner: 'site',
	version: '1.0.0',
	state: 'open',
	pools: [
		{
			...{ name: 'default', provider: 'openstack', architecture: 'amd64', max: 2, reserve: 1 },
			explanation: {
				...NOTHING,
				wanted: { waiting: 1, reserve: 1 },
				have: { ...NONE, leased: 1, destroying: 1 },
				heldBy: [{ by: 'max', missing: 2 }],
			},
		},
		{
			...{ name: 'power', provider: 'lsf', architecture: 'ppc64le', max: 4, reserve: 0 },
			explanation: {
				...NOTHING,
				wanted: { waiting: 1, reserve: 0 },
				have: { ...NONE, booting: 1 },
			},
		},
		{ name: 'new', provider: 'local', architecture: 'arm64', max: 1, reserve: 0 },
	],
	builders: [
		{ id: 'b1', pool: 'default', state: 'leased', ageMs: 1_000, endpoint: { url: 'wss://10.0.0.1:8080' } },
		{ id: 'b2', pool: 'default', state: 'destroying', ageMs: 1_000 },
		{ id: 'b3', pool: 'power', state: 'booting', ageMs: 1_000 },
		{ id: 'b4', pool: 'power', state: 'gone', ageMs: 1_000 },
	],
	waiting: [
		{
			...{ buildId: 'w1', user: 'alice', architecture: 'amd64', place: 1, waitingMs: 1_000 },
			...{ pool: 'default', priority: 'high' },
		},
		{ buildId: 'w2', user: 'b\u001B[31mob', architecture: 'ppc64le', place: 1, waitingMs: 1_000 },
	],
};

test('--explain: the pools below, and more of those who wait', () => {
	const text = showStatus(TWO_POOLS, { explain: true });
	const lines = text.split('\n');
	expect(lines.slice(lines.indexOf('Waiting') - 1)).toEqual([
		'-------------',
		'Waiting',
		'-------------',
		'PLACE: 1',
		'BUILD: w1',
		'USER: alice',
		'PRIORITY: high',
		'POOL: default',
		'SINCE: 1.0 s',
		'-------------',
		'PLACE: 1',
		'BUILD: w2',
		'USER: bob',
		'PRIORITY: normal',
		'POOL: -',
		'SINCE: 1.0 s',
		'-------------',
		'-------------',
		'Pools',
		'-------------',
		'POOL: default',
		'PROVIDER: openstack',
		'ARCHITECTURE: amd64',
		'BUILDERS: 2 of at most 2 (1 leased, 1 destroying)',
		'RESERVE: 1',
		'WHY: 1 checkout waits, reserve 1: 0 ready, 0 starting, 1 leased, 1 going. 2 wanted but not made: the pool is at its maximum.',
		'-------------',
		'POOL: power',
		'PROVIDER: lsf',
		'ARCHITECTURE: ppc64le',
		'BUILDERS: 1 of at most 4 (1 booting)',
		'RESERVE: 0',
		'WHY: 1 checkout waits, reserve 0: 0 ready, 1 starting, 0 leased.',
		'-------------',
		'POOL: new',
		'PROVIDER: local',
		'ARCHITECTURE: arm64',
		'BUILDERS: 0 of at most 1',
		'RESERVE: 0',
		'WHY: nothing has been decided yet',
		'-------------',
		'',
	]);
	expect(text).not.toMatch(CONTROL_CHARACTERS);
});

describe('the words of the original', () => {
	test('status', () => {
		const builder = { pool: 'default', ageMs: 1_000 };
		const text = showStatus({
			owner: 'site',
			version: '1.0.0',
			state: 'open',
			pools: [],
			builders: [
				{ ...builder, id: 'b1', state: 'leased', endpoint: { url: 'wss://128.219.187.95:8080' } },
				{ ...builder, id: 'b2', state: 'ready', endpoint: { url: 'ws+unix:///run/b2.sock' } },
				{ ...builder, id: 'b3', state: 'booting' },
				{ ...builder, id: 'b4', state: 'destroying' },
			],
			waiting: [{ buildId: 'w1', user: 'alice', architecture: 'amd64', place: 1, waitingMs: 61_000 }],
		});
		expect(text.split('\n')).toEqual([
			'-------------',
			'Active builders',
			'-------------',
			'ID: b1',
			'HOST: 128.219.187.95',
			'PORT: 8080',
			'-------------',
			'-------------',
			'Reserve builders',
			'-------------',
			'ID: b2',
			'HOST: /run/b2.sock',
			'PORT: -',
			'-------------',
			'-------------',
			'Starting builders',
			'-------------',
			'ID: b3',
			'STATE: booting',
			'SINCE: 1.0 s',
			'-------------',
			'-------------',
			'Waiting',
			'-------------',
			'PLACE: 1',
			'BUILD: w1',
			'USER: alice',
			'SINCE: 1 min 1 s',
			'-------------',
			'',
		]);
	});

	test('several pools change nothing of it', () => {
		const { builders, waiting, ...rest } = TWO_POOLS;
		const text = showStatus({ builders, waiting, ...rest });
		expect(text).toBe(showStatus({ ...rest, pools: [], builders, waiting }));
		expect(text.match(/^[A-Z]+(?=: )/gm)).toEqual([
			...['ID', 'HOST', 'PORT', 'ID', 'STATE', 'SINCE'],
			...['PLACE', 'BUILD', 'USER', 'SINCE', 'PLACE', 'BUILD', 'USER', 'SINCE'],
		]);
	});

	test('images', () => {
		expect(showImages(IMAGES)).toBe(`-----------------------------
repository: olcf/titan
tags:
- centos-7_2018-01-18
- ubuntu-16.04_2018-01-18
-----------------------------
repository: olcf/summit
tags:
- centos-7_2018-02-08
`);
	});
});

describe('cb-status', () => {
	test('asks the queue that is named', async () => {
		const { url, queue } = await startSite({ reserve: 1 });
		const ready = new Promise((resolve) => queue.once('builder-ready', resolve));
		await queue.start();
		await ready;
		const { status, stdout, stderr } = await run(cbStatus, ['--queue', url]);
		expect(status, stderr).toBe(0);
		expect(stdout).toMatch(/Reserve builders\n-+\nID: b-\S+\nHOST: \/\S+\nPORT: -\n/);
		expect(stderr).toMatch(/^Connecting to BuilderQueue: Connected to queue: \/.*queue\.sock$/m);
		expect(stdout + stderr).not.toMatch(CONTROL_CHARACTERS);
	});

	test('--explain asks the same', async () => {
		const { url, queue } = await startSite({ reserve: 1, max: 3 });
		const ready = new Promise((resolve) => queue.once('builder-ready', resolve));
		await queue.start();
		await ready;
		const { status, stdout, stderr } = await run(cbStatus, ['--explain', '--queue', url]);
		expect(status, stderr).toBe(0);
		expect(stdout).toMatch(
			/Pools\n-+\nPOOL: default\nPROVIDER: fake\nARCHITECTURE: amd64\nBUILDERS: 1 of at most 3 \(1 ready\)\nRESERVE: 1\nWHY: 0 checkouts wait, reserve 1: /,
		);
		const json = await run(cbStatus, ['--explain', '--json', '--queue', url]);
		expect(JSON.parse(json.stdout)).toMatchObject({ pools: [{ explanation: { wanted: { reserve: 1 } } }] });
	});

	test('--json, the queue from the environment', async () => {
		const { url } = await startSite();
		const environment = { CONTAINER_BUILDER_QUEUE: url };
		const { status, stdout } = await run(cbStatus, ['--json'], { environment });
		expect(status).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ owner: 'site', version: '1.2.3', builders: [], waiting: [] });
	});

	test('without a queue it says which variable is missing', async () => {
		const { status, stderr } = await run(cbStatus, []);
		expect(status).toBe(2);
		expect(stderr).toContain('QUEUE_HOST not set!');
	});
});

describe('cb-images', () => {
	test('asks the queue', async () => {
		const { url } = await startSite({ images: IMAGES });
		const plain = await run(cbImages, ['--queue', url]);
		expect(plain.status, plain.stderr).toBe(0);
		expect(plain.stdout).toBe(showImages(IMAGES));
		expect(plain.stderr).toContain('Requesting image list: Fetched\n');
		const json = await run(cbImages, ['--queue', url, '--json']);
		expect(JSON.parse(json.stdout)).toEqual(IMAGES);
	});

	test('asks a registry', async () => {
		const server = createServer((request, response) => {
			const { pathname } = new URL(request.url ?? '/', 'http://registry');
			response.setHeader('content-type', 'application/json');
			const found = IMAGES.find(({ repository }) => pathname === `/v2/${repository}/tags/list`);
			if (pathname === '/v2/_catalog') {
				response.end(JSON.stringify({ repositories: IMAGES.map(({ repository }) => repository) }));
			} else if (found !== undefined)
				response.end(JSON.stringify({ name: found.repository, tags: found.tags }));
			else response.writeHead(404).end('{}');
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		try {
			const address = server.address();
			const registry = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
			const all = await run(cbImages, ['--registry', registry]);
			expect(all.status, all.stderr).toBe(0);
			expect(all.stdout).toBe(showImages(IMAGES));
			const one = await run(cbImages, ['--registry', registry, '--repository', 'olcf/summit', '--json']);
			expect(JSON.parse(one.stdout)).toEqual(IMAGES.slice(1));
		} finally {
			server.closeAllConnections();
			server.close();
		}
	});

	test.each([
		[['--repository', 'a'], /--repository needs --registry/],
		[['--registry', 'https://r.example', '--queue', 'q.example'], /exclude each other/],
		[['--registry', 'r example'], /^error: /m],
	])('%j is a mistake', async (argv, message) => {
		const { status, stderr } = await run(cbImages, argv);
		expect(status).toBe(2);
		expect(stderr).toMatch(message);
	});
});
