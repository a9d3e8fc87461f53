import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ws } from '../src/index.js';
import { proxyFor } from '../src/proxy-for.js';
import { parseAddress } from '../src/ws-address.js';

/** An HTTP proxy that opens tunnels to anywhere, for who has the password. */
async function startProxy(password?: string) {
	const asked: { target: string; host: string | undefined }[] = [];
	const server = createServer((_, response) => response.writeHead(400).end());
	server.on('connect', (request: IncomingMessage, client, head): void => {
		const wanted = password && `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`;
		if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
			client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
			return;
		}
		asked.push({ target: request.url ?? '', host: request.headers.host });
		if (request.url?.startsWith('refused.example')) {
			client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
			return;
		}
		const { port, hostname } = new URL(`http://${request.url}`);
		const target = connect(Number(port), hostname.replace(/[[\]]/g, ''), () => {
			client.write('HTTP/1.1 200 Connection established\r\n\r\n');
			target.write(head);
			client.pipe(target).pipe(client);
		});
		for (const end of [client, target]) {
			end.on('error', () => {
				client.destroy();
				target.destroy();
			});
		}
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		asked,
		close: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}

/** An address of this machine that is not its loopback. */
const own = Object.values(networkInterfaces())
	.flatMap((addresses) => addresses ?? [])
	.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('an HTTP proxy', () => {
	let proxy: Awaited<ReturnType<typeof startProxy>>;
	beforeEach(async () => {
		proxy = await startProxy('s3cret');
	});
	afterEach(() => {
		proxy.close();
		vi.unstubAllEnvs();
	});
	const withPassword = (): string => proxy.url.replace('//', '//alice:s3cret@');

	it('carries a channel, encrypted past it, to where it is asked to', async () => {
		if (own === undefined) throw new Error('this machine has a loopback only');
		const { cert, private: key } = await generate([{ name: 'commonName', value: own }], { keyType: 'ec' });
		const tls = { certificate: cert, key };
		await using listener = await ws().listen({ url: `wss://${own}:0`, tls });
		void (async () => {
			for await (const incoming of listener) {
				const channel = await incoming.accept();
				for await (const frame of channel) await channel.send(`${frame} back`);
			}
		})();
		const [endpoint] = listener.endpoints;
		if (endpoint === undefined) throw new Error('it does not listen');
		vi.stubEnv('HTTPS_PROXY', withPassword());
		for (const transport of [ws({ proxy: withPassword() }), ws({ proxy: 'environment' })]) {
			const channel = await transport.connect(endpoint, { channel: 'queue', version: 1, token: 'a-token' });
			await channel.send('there');
			expect((await channel[Symbol.asyncIterator]().next()).value).toBe('there back');
			await channel.close();
		}
		const target = new URL(endpoint.url).host;
		expect(proxy.asked).toEqual([
			{ target, host: target },
			{ target, host: target },
		]);
		vi.stubEnv('NO_PROXY', own);
		await (await ws({ proxy: 'environment' }).connect(endpoint, { channel: 'queue', version: 1 })).close();
		await (await ws().connect(endpoint, { channel: 'queue', version: 1 })).close();
		expect(proxy.asked).toHaveLength(2);
	});

	it.each([
		[
			'a wrong password',
			(url: string) => url.replace('//', '//alice:wrong@'),
			'queue.example',
			/answers 407 .*password/,
		],
		[
			'what it may not reach',
			(url: string) => url.replace('//', '//alice:s3cret@'),
			'refused.example',
			/answers 403 .*NO_PROXY/,
		],
		[
			'one that is not there',
			() => 'http://127.0.0.1:9',
			'queue.example',
			/through the proxy 127\.0\.0\.1:9: .*ECONNREFUSED/,
		],
	])('says what is wrong with %s, and no password', async (_name, make, host, expected) => {
		const transport = ws({ proxy: make(proxy.url) });
		const connecting = transport.connect({ url: `wss://${host}:1` }, { channel: 'queue', version: 1 });
		await expect(connecting).rejects.toMatchObject({
			code: 'builder-unreachable',
			message: expect.stringMatching(expected),
		});
		await expect(connecting).rejects.not.toMatchObject({ message: expect.stringMatching(/s3cret|wrong/) });
	});

	it('does not keep who waits for one that says nothing', async () => {
		const silent = createServer().on('connect', () => {});
		silent.listen(0, '127.0.0.1');
		await once(silent, 'listening');
		const { port } = silent.address() as AddressInfo;
		const transport = ws({ proxy: `http://127.0.0.1:${port}` });
		const request = { channel: 'queue', version: 1 } as const;
		await expect(
			transport.connect({ url: 'wss://queue.example' }, request, { timeoutMs: 200 }),
		).rejects.toMatchObject({ code: 'builder-unreachable', message: expect.stringContaining('200 ms') });
		const stop = new AbortController();
		const connecting = transport.connect({ url: 'wss://queue.example' }, request, { signal: stop.signal });
		stop.abort();
		await expect(connecting).rejects.toMatchObject({ code: 'canceled' });
		silent.closeAllConnections();
		silent.close();
	});
});

describe('which proxy', () => {
	afterEach(() => vi.unstubAllEnvs());
	const find = (url: string, setting: string | undefined = 'environment') =>
		proxyFor(parseAddress(url), setting)?.href;

	it('the environment names is for its scheme, but for what it excepts', () => {
		for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) vi.stubEnv(name, '');
		vi.stubEnv('HTTPS_PROXY', 'http://secured.example:1');
		vi.stubEnv('HTTP_PROXY', 'http://plain.example:2');
		vi.stubEnv('NO_PROXY', '.inside.example,192.0.2.7,queue.example:8443');
		expect(find('wss://queue.example:8080')).toBe('http://secured.example:1/');
		expect(find('ws://queue.example:8080')).toBe('http://plain.example:2/');
		expect(find('wss://[2001:db8::1]:8080')).toBe('http://secured.example:1/');
		for (const url of ['wss://queue.example:8443', 'wss://a.inside.example:1', 'wss://192.0.2.7:1']) {
			expect(find(url), url).toBeUndefined();
		}
		for (const url of ['wss://localhost:1', 'wss://127.0.0.1:1', 'ws://[::1]:1', 'ws+unix:///run/x.sock']) {
			expect(find(url), url).toBeUndefined();
			expect(find(url, 'http://always.example'), url).toBeUndefined();
		}
	});

	it('is none is said in words that hold no password', () => {
		for (const text of ['socks5://alice:s3cret@host', 'http://']) {
			expect(() => find('wss://queue.example', text)).toThrow(/no http: or https: URL/);
			expect(() => find('wss://queue.example', text)).not.toThrow(/s3cret/);
		}
	});
});
