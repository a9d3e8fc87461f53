import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ws } from '@olcf/container-builder-transport-ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { echo, only } from './echo.js';
import { makeIdentity } from './identity.js';
import { temporaryDirectory } from './temporary-directory.js';

const request = { channel: 'build', version: 1 } as const;
const withToken = { ...request, token: 'secret' };
const FINGERPRINT = 'ab'.repeat(32);

describe('what is refused before anything is sent', () => {
	const refused: [string, string, typeof request | typeof withToken, string | undefined, string][] = [
		['plain to another machine', 'ws://builder.example:80', request, undefined, 'is not encrypted'],
		['plain to an address', 'ws://192.0.2.1:80', request, undefined, 'is not encrypted'],
		[
			'a token over plain loopback',
			'ws://127.0.0.1:9',
			withToken,
			undefined,
			'a token is not sent unencrypted',
		],
		[
			'a token over plain localhost',
			'ws://localhost:9',
			withToken,
			undefined,
			'a token is not sent unencrypted',
		],
		['a token over plain [::1]', 'ws://[::1]:9', withToken, undefined, 'a token is not sent unencrypted'],
		[
			'a name that only begins like loopback',
			'ws://127.0.0.1.example:80',
			request,
			undefined,
			'not encrypted',
		],
		['a fingerprint without TLS', 'ws://127.0.0.1:9', request, FINGERPRINT, 'shows no certificate'],
		[
			'a fingerprint on a unix socket',
			'ws+unix:///nowhere.sock',
			request,
			FINGERPRINT,
			'shows no certificate',
		],
		['a token in the URL', 'wss://user:secret@127.0.0.1:9', request, undefined, 'tokens are given apart'],
		['a token in the query', 'wss://127.0.0.1:9/?token=secret', request, undefined, 'tokens are given apart'],
		['a path', 'wss://127.0.0.1:9/somewhere', request, undefined, 'may not have a path'],
		['a relative socket', 'ws+unix:socket', request, undefined, 'absolute path'],
		[
			'a socket path that is too long',
			`ws+unix:///${'a'.repeat(107)}`,
			request,
			undefined,
			'at most 107 bytes',
		],
		['what is no URL', 'builder', request, undefined, 'is not a URL'],
		[
			'a token with a line break',
			'wss://127.0.0.1:9',
			{ ...request, token: 'a\r\nb' },
			undefined,
			'characters',
		],
	];
	for (const [name, url, asked, fingerprint, message] of refused) {
		test(name, async () => {
			const connecting = ws().connect({ url, fingerprint }, asked);
			await expect(connecting).rejects.toMatchObject({
				code: 'invalid-option',
				message: expect.stringContaining(message),
			});
			await expect(connecting).rejects.not.toThrow(/secret/);
		});
	}

	test('listening unencrypted on more than loopback', async () => {
		await expect(ws().listen({ url: 'ws://0.0.0.0:0' })).rejects.toMatchObject({ code: 'invalid-option' });
		const listener = await ws({ insecure: true }).listen({ url: 'ws://0.0.0.0:0' });
		// A wildcard is no address to connect to.
		for (const { url } of listener.endpoints) expect(url).toMatch(/^ws:\/\/(?!0\.0\.0\.0)[\d.]+:\d+$/);
		await listener.close();
	});

	test('sharing an unencrypted server that others can reach', async () => {
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
		onTestFinished(() => void server.close());
		const options = { url: 'ws://127.0.0.1:0', server };
		await expect(ws().listen(options)).rejects.toMatchObject({ code: 'invalid-option' });
		await (await ws({ insecure: true }).listen(options)).close();
		await expect(ws().listen({ ...options, url: 'wss://127.0.0.1:0' })).rejects.toMatchObject({
			code: 'invalid-option',
		});
		await expect(ws().listen({ ...options, server: {} })).rejects.toThrow(TypeError);
	});

	test('listening encrypted without a certificate', async () => {
		await expect(ws().listen({ url: 'wss://127.0.0.1:0' })).rejects.toMatchObject({ code: 'invalid-option' });
	});
});

describe('what is allowed', () => {
	test('plain loopback without a token; with one where it is insecure', async () => {
		const listener = await ws().listen({ url: 'ws://127.0.0.1:0' });
		echo(listener);
		await (await ws().connect(only(listener), request)).close();
		await (await ws().connect(only(listener), withToken, { insecure: true })).close();
		await (await ws({ insecure: true }).connect(only(listener), withToken)).close();
		await expect(
			ws({ insecure: true }).connect(only(listener), withToken, { insecure: false }),
		).rejects.toMatchObject({ code: 'invalid-option' });
	});

	test('a token over a unix socket', async () => {
		const listener = await ws().listen({ url: `ws+unix://${await temporaryDirectory()}/a%20b.sock` });
		echo(listener);
		await (await ws().connect(only(listener), withToken)).close();
	});
});

describe('what answers but is no container-builder', () => {
	const answers: [number, string][] = [
		[404, 'builder-unreachable'],
		[502, 'builder-unreachable'],
		[200, 'builder-unreachable'],
		[401, 'unauthenticated'],
		[403, 'forbidden'],
	];
	for (const [status, code] of answers) {
		test(`HTTP ${status} is ${code}`, async () => {
			const server = createServer((_request, response) => response.writeHead(status).end('<html>'));
			await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
			onTestFinished(() => void server.close());
			const { port } = server.address() as AddressInfo;
			await expect(ws().connect({ url: `ws://127.0.0.1:${port}` }, request)).rejects.toMatchObject({ code });
		});
	}

	test('a WebSocket server of another protocol', async () => {
		const server = createServer();
		const other = new WebSocketServer({ server, handleProtocols: () => false });
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => {
			other.close();
			server.close();
		});
		const { port } = server.address() as AddressInfo;
		await expect(ws().connect({ url: `ws://127.0.0.1:${port}` }, request)).rejects.toMatchObject({
			code: 'builder-unreachable',
		});
	});
});

describe('certificates', () => {
	test('without a fingerprint the authority and the name count', async () => {
		const { identity } = await makeIdentity();
		const ours = await makeIdentity('127.0.0.1');
		const listener = await ws().listen({ url: 'wss://127.0.0.1:0', tls: ours.identity });
		echo(listener);
		const { url } = only(listener);
		await (await ws({ ca: ours.identity.certificate }).connect({ url }, withToken)).close();
		await (
			await ws({ ca: [identity.certificate, ours.identity.certificate] }).connect({ url }, withToken)
		).close();
		for (const ca of [undefined, identity.certificate]) {
			await expect(ws({ ca }).connect({ url }, withToken)).rejects.toMatchObject({
				code: 'fingerprint-mismatch',
				message: expect.stringContaining('is not trusted'),
				details: { found: ours.fingerprint },
			});
		}
		const { port } = new URL(url);
		await expect(
			ws({ ca: ours.identity.certificate }).connect({ url: `wss://localhost:${port}` }, withToken),
		).rejects.toMatchObject({ code: 'fingerprint-mismatch' });
	});

	test('with a fingerprint neither date nor name nor authority count', async () => {
		const old = await makeIdentity('elsewhere.example', new Date('2001-01-01'));
		const listener = await ws().listen({ url: 'wss://127.0.0.1:0', tls: old.identity });
		echo(listener);
		expect(only(listener).fingerprint).toBe(old.fingerprint);
		const channel = await ws().connect(only(listener), withToken);
		expect(channel.peerFingerprint).toBe(old.fingerprint);
		await channel.close();
		const upper = { ...only(listener), fingerprint: old.fingerprint.toUpperCase() };
		await (await ws().connect(upper, withToken)).close();
	});

	test('an endpoint that does not speak TLS is unreachable', async () => {
		const listener = await ws().listen({ url: 'ws://127.0.0.1:0' });
		echo(listener);
		const { port } = new URL(only(listener).url);
		await expect(ws().connect({ url: `wss://127.0.0.1:${port}` }, request)).rejects.toMatchObject({
			code: 'builder-unreachable',
		});
	});
});
