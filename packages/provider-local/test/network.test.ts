import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Machine, NetworkMode } from '@olcf/container-builder-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalOptions } from '../src/index.js';
import { bundle } from './fixtures/bundle.js';
import { cannotRun } from './fixtures/can-run.js';
import { call, run, SandboxSession } from './fixtures/sandbox-session.js';

/** What became of connections from a machine. */
async function connections(
	machine: Machine,
	destinations: readonly string[],
): Promise<Record<string, string>> {
	const body = destinations.map((destination) => destination.replace(/:(\d+)$/, ' $1')).join('\n');
	const lines = (await call(machine, '/connect', body)).split('\n');
	return Object.fromEntries(
		destinations.map((destination, index) => [destination, lines[index]?.split(' ')[2] ?? '']),
	);
}

const REFUSED = expect.stringMatching(/^E(HOSTUNREACH|CONNREFUSED|NETUNREACH)$/);

describe.skipIf(cannotRun !== undefined)('networks', () => {
	let session: SandboxSession;
	let built: Awaited<ReturnType<typeof bundle>>;
	beforeAll(async () => {
		[session, built] = await Promise.all([SandboxSession.open(), bundle()]);
	}, 60_000);
	afterAll(async () => {
		await session.close();
		await built.remove();
	});

	describe('of a stand-in host', () => {
		let lab: ChildProcessByStdio<Writable, Readable, null>;
		const machines: Machine[] = [];
		const upstream = 'search example.test\nnameserver 10.53.53.53\n';
		const cases: readonly { options: LocalOptions; network: NetworkMode; resolver: string }[] = [
			{ options: {}, network: 'isolated', resolver: upstream },
			{
				options: {
					allow: [
						{ address: '172.20.0.1', port: 8080, protocol: 'tcp' },
						{ cidr: '169.254.169.0/24', port: 8080 },
					],
					forward: [8080],
				},
				network: 'isolated',
				resolver: upstream,
			},
			{ options: {}, network: 'isolated', resolver: 'nameserver 127.0.0.53\n' },
			{ options: {}, network: 'none', resolver: upstream },
			{ options: {}, network: 'shared', resolver: upstream },
		];
		const [strict, open, loopback, none, shared] = [0, 1, 2, 3, 4];
		const machine = (index: number | undefined): Machine => {
			const found = machines[index ?? -1];
			if (found === undefined) throw new Error('no such machine');
			return found;
		};

		beforeAll(async () => {
			const plain = cases.map(({ options, network, resolver }) => ({
				options: session.options(options),
				request: { ...session.request({ network }), bootstrap: undefined },
				resolver,
			}));
			const script = fileURLToPath(new URL('fixtures/lab.mjs', import.meta.url));
			const args = ['--net', '--mount', process.execPath, script, built.file, JSON.stringify(plain)];
			lab = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
			for await (const line of createInterface({ input: lab.stdout })) {
				machines.push(JSON.parse(line));
				if (machines.length === cases.length) break;
			}
		}, 60_000);
		afterAll(async () => {
			lab.stdin.end();
			if (lab.exitCode === null) await once(lab, 'exit');
			expect(await session.left()).toEqual([]);
		}, 30_000);

		test('isolated: the outside is reached, and by its resolver on its port only', async () => {
			expect(
				await connections(machine(strict), ['198.51.100.10:8080', '10.53.53.53:53', '10.53.53.53:8080']),
			).toEqual({
				'198.51.100.10:8080': 'reached',
				'10.53.53.53:53': 'reached',
				'10.53.53.53:8080': REFUSED,
			});
			expect((await run(machine(strict), 'cat /etc/resolv.conf')).output).toBe(
				'nameserver 10.53.53.53\nsearch example.test\n',
			);
		});

		test('isolated: this host is not reached, by none of its addresses', async () => {
			const destinations = [
				'127.0.0.1:8080',
				'127.0.0.53:53',
				'203.0.113.2:8080',
				'169.254.169.254:8080',
				'172.20.0.1:8080',
				'198.51.100.77:8080',
			];
			expect(await connections(machine(strict), destinations)).toEqual(
				Object.fromEntries(destinations.map((destination) => [destination, REFUSED])),
			);
		});

		test('isolated: neither are its neighbours, nor private networks behind the gateway', async () => {
			const destinations = ['203.0.113.1:8080', '10.1.2.3:8080'];
			expect(await connections(machine(strict), destinations)).toEqual(
				Object.fromEntries(destinations.map((destination) => [destination, REFUSED])),
			);
		});

		test('isolated: what is allowed or forwarded is reached, and nothing else', async () => {
			const destinations = [
				'172.20.0.1:8080',
				'169.254.169.254:8080',
				'127.0.0.1:8080',
				'172.20.0.1:53',
				'127.0.0.1:53',
				'198.51.100.77:8080',
				'10.1.2.3:8080',
			];
			expect(await connections(machine(open), destinations)).toEqual({
				'172.20.0.1:8080': 'reached',
				'169.254.169.254:8080': 'reached',
				'127.0.0.1:8080': 'reached',
				'172.20.0.1:53': REFUSED,
				'127.0.0.1:53': REFUSED,
				'198.51.100.77:8080': REFUSED,
				'10.1.2.3:8080': REFUSED,
			});
		});

		test('isolated: another sandbox is not reached', async () => {
			await run(
				machine(open),
				`node -e "require('net').createServer().listen(9999, '0.0.0.0')" >/dev/null 2>&1 &
				until (exec 3<>/dev/tcp/203.0.113.2/9999) 2>/dev/null; do :; done`,
			);
			const destinations = ['203.0.113.2:9999', '127.0.0.1:9999'];
			expect(await connections(machine(open), destinations)).toEqual({
				'203.0.113.2:9999': 'reached',
				'127.0.0.1:9999': 'reached',
			});
			expect(await connections(machine(strict), destinations)).toEqual({
				'203.0.113.2:9999': REFUSED,
				'127.0.0.1:9999': REFUSED,
			});
		});

		test('isolated: its root cannot change the filter, nor the network', async () => {
			const { output } = await run(
				machine(strict),
				`ip route add 172.20.0.0/24 dev h0; ip addr add 172.20.0.9/24 dev h0; ip link set h0 down
				ip link add v0 type veth peer name v1; unshare --user --map-root-user ip link set h0 down
				nsenter --net=/proc/1/ns/net ip link set h0 down`,
			);
			expect(output.split('\n').filter((line) => !/not permitted/.test(line))).toEqual(['']);
			expect(output.split('\n')).toHaveLength(7);
			expect(await connections(machine(strict), ['172.20.0.1:8080'])).toEqual({ '172.20.0.1:8080': REFUSED });
		});

		test('isolated: names are resolved also where the host’s resolver is on its loopback', async () => {
			const { output } = await run(machine(loopback), 'getent ahostsv4 mirror.example.test | head -1');
			expect(output).toMatch(/^198\.51\.100\.10 /);
			expect(await connections(machine(loopback), ['127.0.0.53:53', '198.51.100.10:8080'])).toEqual({
				'127.0.0.53:53': REFUSED,
				'198.51.100.10:8080': 'reached',
			});
		});

		test('none: nothing is reached', async () => {
			const destinations = ['198.51.100.10:8080', '203.0.113.2:8080', '127.0.0.1:8080', '10.53.53.53:53'];
			expect(await connections(machine(none), destinations)).toEqual(
				Object.fromEntries(destinations.map((destination) => [destination, REFUSED])),
			);
		});

		test('shared: everything is', async () => {
			const destinations = ['198.51.100.10:8080', '127.0.0.1:8080', '172.20.0.1:8080', '10.1.2.3:8080'];
			expect(await connections(machine(shared), destinations)).toEqual(
				Object.fromEntries(destinations.map((destination) => [destination, 'reached'])),
			);
			expect((await run(machine(shared), 'cat /etc/resolv.conf')).output).toBe(upstream);
		});
	});

	test('isolated: the mirror of this machine is reached, and its loopback is not', async ({ skip }) => {
		const mirror = machineMirror();
		if (mirror === undefined || !(await fetch(mirror).catch(() => undefined))) {
			return skip('this machine has no mirror that answers');
		}
		const server = createTcpServer().listen(0, '0.0.0.0');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		const { hostname, port: mirrorPort } = new URL(mirror);
		const addresses = execFileSync('getent', ['ahosts', hostname], { encoding: 'utf8' });
		const allow = [...new Set([...addresses.matchAll(/^(\S+)/gm)].map(([address]) => address))].map(
			(address) => ({
				address,
				port: Number(mirrorPort || 80),
			}),
		);
		const provider = session.provider({ allow });
		const request = session.request({ network: 'isolated' });
		const made = await provider.create(request);
		const { output } = await run(made, `wget -q -O /dev/null ${mirror} && echo reached`);
		expect(output).toBe('reached\n');
		const own = execFileSync('hostname', ['-I'], { encoding: 'utf8' }).trim().split(' ')[0] ?? '';
		const destinations = [`127.0.0.1:${port}`, `${own}:${port}`];
		expect(await connections(made, destinations)).toEqual(
			Object.fromEntries(destinations.map((destination) => [destination, REFUSED])),
		);
		server.close();
		await provider.close?.();
	});

	test('isolated: what comes through a forwarded port comes whole, many at once', async () => {
		const bytes = randomBytes(20 * 1024 ** 2);
		const server = createServer((request, response) => {
			if (request.method === 'GET') return void response.end(bytes);
			const hash = createHash('sha256');
			request
				.on('data', (chunk) => hash.update(chunk))
				.on('end', () => response.end(`${hash.digest('hex')}\n`));
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		const provider = session.provider({ forward: [port] });
		const made = await provider.create(session.request({ network: 'isolated' }));
		const url = `http://127.0.0.1:${port}/`;
		const { output } = await run(
			made,
			`for i in $(seq 32); do (
				wget -q -O /tmp/got.$i ${url} && sha256sum < /tmp/got.$i | cut -d ' ' -f 1
				wget -q -O - --post-file /tmp/got.$i ${url}; rm /tmp/got.$i
			) & [ $((i % 8)) != 0 ] || wait; done; wait`,
		);
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		expect(output.trim().split('\n')).toEqual(Array.from({ length: 64 }, () => sha256));
		const processes = await session.processes();
		expect(processes.length).toBeGreaterThan(3);
		await provider.destroy({ owner: session.owner, builderId: made.builderId }, {});
		expect(await session.left(processes)).toEqual([]);
		server.close();
		await provider.close?.();
	}, 120_000);

	test('shared: the proxy that this process uses is told to the daemon, elsewhere it is not', async () => {
		const server = createServer((_, response) => response.end('by proxy')).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		const before = process.env.http_proxy;
		process.env.http_proxy = `http://127.0.0.1:${port}`;
		try {
			const provider = session.provider();
			const made = await provider.create(session.request({ network: 'shared' }));
			expect((await run(made, 'wget -q -O - http://mirror.example.test/')).output).toBe('by proxy');
			const other = await provider.create(session.request({ network: 'none' }));
			expect((await run(other, 'env | grep -ci proxy')).output).toBe('0\n');
			await provider.close?.();
		} finally {
			if (before === undefined) delete process.env.http_proxy;
			else process.env.http_proxy = before;
			server.close();
		}
	});
});

/** A file of the mirror that this machine's apt uses, over HTTP. */
function machineMirror(): string | undefined {
	const args = ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'];
	try {
		const lines = execFileSync('apt-get', args, { encoding: 'utf8' }).split('\n');
		const [uri, release] = lines.find((line) => line.startsWith('http:'))?.split(' ') ?? [];
		return uri === undefined ? undefined : `${uri.replace(/\/+$/, '')}/dists/${release}/InRelease`;
	} catch {
		return undefined;
	}
}
