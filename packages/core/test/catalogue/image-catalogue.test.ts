import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { imageCatalogue } from '@olcf/container-builder-core';
import { afterEach, describe, expect, it } from 'vitest';
import { parseChallenge } from '../../src/catalogue/parse-challenge.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Serves on loopback; the handler gets the path and answers with a status, headers and JSON. */
async function serve(
	handler: (request: IncomingMessage, url: URL, origin: string) => Answer,
): Promise<{ origin: string; requests: string[] }> {
	const requests: string[] = [];
	let origin = '';
	const server = createServer((request: IncomingMessage, response: ServerResponse) => {
		requests.push(request.url ?? '');
		const {
			status = 200,
			headers = {},
			body = {},
		} = handler(request, new URL(request.url ?? '', origin), origin);
		response.writeHead(status, { 'content-type': 'application/json', ...headers });
		response.end(typeof body === 'string' ? body : JSON.stringify(body));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	cleanups.push(
		() =>
			new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	);
	return { origin, requests };
}

interface Answer {
	readonly status?: number;
	readonly headers?: Record<string, string>;
	readonly body?: unknown;
}

const basic = (user: string, password: string): string =>
	`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('the catalogue of a registry', () => {
	it('lists what the registry has, page by page', async () => {
		const { origin, requests } = await serve((_request, url) => {
			if (url.pathname === '/v2/_catalog') {
				if (url.searchParams.get('last') === 'olcf/summit') return { body: { repositories: ['olcf/titan'] } };
				return {
					headers: { link: '</v2/_catalog?last=olcf%2Fsummit&n=2>; rel="next"' },
					body: { repositories: ['olcf/frontier', 'olcf/summit'] },
				};
			}
			const repository = /^\/v2\/(.*)\/tags\/list$/.exec(url.pathname)?.[1];
			if (repository === 'olcf/titan') return { body: { name: repository, tags: null } };
			if (url.searchParams.has('last')) return { body: { tags: ['b'] } };
			return {
				headers: { link: `<${url.pathname}?last=a>; rel="next"` },
				body: { name: repository, tags: ['a'] },
			};
		});
		expect(await imageCatalogue({ registry: origin })()).toEqual([
			{ repository: 'olcf/frontier', tags: ['a', 'b'] },
			{ repository: 'olcf/summit', tags: ['a', 'b'] },
			{ repository: 'olcf/titan', tags: [] },
		]);
		expect(requests).toHaveLength(7);
	});

	it('asks for the configured repositories only, in their order', async () => {
		const { origin, requests } = await serve(() => ({ body: { tags: ['1.0'] } }));
		const repositories = Array.from({ length: 20 }, (_, index) => `site/image-${index}`);
		const found = await imageCatalogue({ registry: origin, repositories })();
		expect(found.map(({ repository }) => repository)).toEqual(repositories);
		expect(requests.some((path) => path.includes('_catalog'))).toBe(false);
	});

	it('fetches a token for each scope with its credentials', async () => {
		const scopes: string[] = [];
		const { origin } = await serve((request, url, self) => {
			const { authorization } = request.headers;
			if (url.pathname === '/token') {
				if (authorization !== basic('ci', 'wort')) return { status: 401 };
				expect(url.searchParams.get('service')).toBe('the registry, "ours"');
				scopes.push(url.searchParams.get('scope') ?? '');
				return { body: { token: `for ${url.searchParams.get('scope')}` } };
			}
			const scope = url.pathname === '/v2/_catalog' ? 'registry:catalog:*' : 'repository:olcf/summit:pull';
			if (authorization !== `Bearer for ${scope}`) {
				const challenge = `Bearer realm="${self}/token",service="the registry, \\"ours\\"",scope="${scope}"`;
				return { status: 401, headers: { 'www-authenticate': challenge } };
			}
			return url.pathname === '/v2/_catalog'
				? { body: { repositories: ['olcf/summit'] } }
				: { body: { tags: ['latest'] } };
		});
		const credentials = { username: 'ci', password: 'wort' };
		expect(await imageCatalogue({ registry: origin, credentials })()).toEqual([
			{ repository: 'olcf/summit', tags: ['latest'] },
		]);
		expect(scopes).toEqual(['registry:catalog:*', 'repository:olcf/summit:pull']);
		const wrong = imageCatalogue({ registry: origin, credentials: { username: 'ci', password: 'x' } })();
		await expect(wrong).rejects.toMatchObject({ code: 'forbidden' });
	});

	it('speaks basic authentication', async () => {
		const { origin } = await serve(({ headers }) =>
			headers.authorization === basic('ci', 'wört')
				? { body: { repositories: [] } }
				: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
		);
		const credentials = { username: 'ci', password: 'wört' };
		expect(await imageCatalogue({ registry: origin, credentials })()).toEqual([]);
		await expect(imageCatalogue({ registry: origin })()).rejects.toMatchObject({
			code: 'forbidden',
			message: expect.stringContaining('without credentials'),
		});
	});

	it.each([
		['a server error', { status: 503 }, 'provider-unavailable'],
		['a missing repository', { status: 404 }, 'not-found'],
		['no JSON', { body: '<html>' }, 'protocol'],
		['other JSON', { body: { tags: 'all' } }, 'protocol'],
		[
			'another host as the next page',
			{ body: { tags: [] }, headers: { link: '<http://127.0.0.2/x>; rel="next"' } },
			'protocol',
		],
		['a redirection', { status: 302, headers: { location: 'http://127.0.0.2/' } }, 'provider-unavailable'],
	] as const)('says what is wrong with %s', async (_name, answer, code) => {
		const { origin } = await serve(() => answer);
		await expect(imageCatalogue({ registry: origin, repositories: ['a'] })()).rejects.toMatchObject({ code });
	});

	it('says when nobody answers, and stops when told to', async () => {
		const { origin } = await serve(() => ({}));
		for (const cleanup of cleanups.splice(0)) await cleanup();
		await expect(imageCatalogue({ registry: origin })()).rejects.toMatchObject({
			code: 'provider-unavailable',
			message: expect.stringContaining(new URL(origin).host),
		});
		const aborted = imageCatalogue({ registry: origin })({ signal: AbortSignal.abort() });
		await expect(aborted).rejects.toMatchObject({ code: 'canceled' });
	});

	it.each([
		['registry.example.org', undefined],
		['ftp://registry.example.org', undefined],
		['http://registry.example.org', undefined],
		['https://user:word@registry.example.org', undefined],
	])('refuses %s', (registry) => {
		expect(() => imageCatalogue({ registry })).toThrowError(
			expect.objectContaining({ code: 'invalid-option' }),
		);
	});

	it('asks other machines unencrypted only when told to', () => {
		expect(imageCatalogue({ registry: 'http://registry.example.org', insecure: true })).toBeTypeOf(
			'function',
		);
	});
});

describe('a challenge', () => {
	it.each([
		['', '', {}],
		['Basic realm="x"', 'basic', { realm: 'x' }],
		['bearer Realm = "https://a/b" , service=plain', 'bearer', { realm: 'https://a/b', service: 'plain' }],
		['Bearer realm="a,b=\\"c\\"",scope="x y"', 'bearer', { realm: 'a,b="c"', scope: 'x y' }],
	])('%s', (header, scheme, parameters) => {
		expect(parseChallenge(header)).toEqual({ scheme, parameters });
	});
});
