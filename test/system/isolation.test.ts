import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, root, runCommand, start, startProcess } from '../support/command.js';
import { aptMirror } from '../support/debian-base.js';
import { scratchRecipe } from '../support/recipes.js';
import { type StandInHost, standInHost } from '../support/stand-in-host.js';
import { useWorkspace } from '../support/workspace.js';

/** A recipe whose %post asks for each URL and prints what came of it. */
function asking(urls: readonly string[]): string {
	const lines = urls.map(
		(url) =>
			`if wget -q -T 4 -O /tmp/answer "${url}"; then echo "REACHED ${url}"; else echo "refused ${url}"; fi`,
	);
	return scratchRecipe(`%post\n${lines.map((line) => `    ${line}`).join('\n')}`);
}

describe('a build in network isolated', () => {
	const workspace = useWorkspace();
	let host: StandInHost;
	beforeAll(async () => {
		host = await standInHost();
	});
	afterAll(() => host.close());

	const inStandIn = (network: string, ...urls: string[]): Promise<CommandResult> =>
		startProcess('ip', [
			...host.enter.slice(1),
			process.execPath,
			join(root, 'packages/cli/dist/bin/container-builder.js'),
			'--network',
			network,
			join(workspace.path, 'asks.sif'),
			workspace.write('asks.def', asking(urls)),
		]).ended;

	it('the recipe itself can reach all of them from network shared: the tests below can fail', async () => {
		const urls = ['127.0.0.1', host.own, host.linkLocal, host.private, host.public].map(
			(address) => `http://${address}/`,
		);
		const result = await inStandIn('shared', ...urls);
		expect(result.status, result.stderr).toBe(0);
		for (const url of urls) expect(result.stdout).toContain(`REACHED ${url}`);
	});

	for (const [name, url, reached] of [
		["a server on the host's loopback", () => 'http://127.0.0.1/', false],
		["a server on the host's own address", () => `http://${host.own}/`, false],
		['a link-local address', () => `http://${host.linkLocal}/`, false],
		['a private address', () => `http://${host.private}/`, false],
		['the world outside', () => `http://${host.public}/`, true],
	] as const) {
		it(`${reached ? 'reaches' : 'cannot reach'} ${name}`, async () => {
			const result = await inStandIn('isolated', url());
			expect(result.status, result.stderr).toBe(0);
			expect(result.stdout).toContain(`${reached ? 'REACHED' : 'refused'} ${url()}`);
		});
	}

	it('cannot reach another sandbox', async () => {
		const listening = start('container-builder', [
			'--network',
			'isolated',
			join(workspace.path, 'listens.sif'),
			workspace.write(
				'listens.def',
				scratchRecipe(
					`%post
    (while true; do printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhere' | nc -l -p 8099; done) &
    until wget -q -O /dev/null http://127.0.0.1:8099/; do sleep 0.2; done
    echo listening; sleep 60`,
				),
			),
		]);
		await listening.until(/listening/);
		const own = Object.values(networkInterfaces())
			.flatMap((addresses) => addresses ?? [])
			.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
		const urls = ['127.0.0.1', own ?? '127.0.0.1'].map((address) => `http://${address}:8099/`);
		const result = await runCommand('container-builder', [
			'--network',
			'isolated',
			join(workspace.path, 'asks.sif'),
			workspace.write('asks.def', asking(urls)),
		]);
		listening.child.kill('SIGINT');
		await listening.ended;
		expect(result.status, result.stderr).toBe(0);
		for (const url of urls) expect(result.stdout).toContain(`refused ${url}`);
	});

	it("cannot reach a server on this machine's own loopback, and reaches the mirror", async () => {
		const server = await new Promise<Server>((resolve) => {
			const made: Server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1', () =>
				resolve(made),
			);
		});
		const address = server.address();
		const loopback = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`;
		const mirror = `${await aptMirror()}/dists/bookworm/Release`;
		try {
			const result = await runCommand('container-builder', [
				'--network',
				'isolated',
				join(workspace.path, 'asks.sif'),
				workspace.write('asks.def', asking([loopback, mirror])),
			]);
			expect(result.status, result.stderr).toBe(0);
			expect(result.stdout).toContain(`refused ${loopback}`);
			expect(result.stdout).toContain(`REACHED ${mirror}`);
		} finally {
			server.close();
		}
	});
});

describe('a build in network none', () => {
	const workspace = useWorkspace();

	it('reaches nothing', async () => {
		const mirror = `${await aptMirror()}/dists/bookworm/Release`;
		const result = await runCommand('container-builder', [
			'--network',
			'none',
			join(workspace.path, 'asks.sif'),
			workspace.write('asks.def', asking([mirror])),
		]);
		expect(result.status, result.stderr).toBe(0);
		expect(result.stdout).toContain(`refused ${mirror}`);
	});
});
