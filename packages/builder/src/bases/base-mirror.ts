import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RegistryMirror } from '@olcf/container-builder-core';
import { parseBaseReference } from './base-reference.js';
import { type BroughtBase, IMAGE_DIRECTORY, TOP_MANIFEST } from './fetch-types.js';
import { manifestType } from './manifest-type.js';

/** A registry on this machine's loopback that has the bases that were brought, and nothing else; for reading only. */
export interface BaseMirror {
	readonly mirrors: readonly RegistryMirror[];
	/** Ends it, with all connections. Idempotent. */
	close(): Promise<void>;
}

interface Manifest {
	readonly bytes: Buffer;
	readonly type: string;
	readonly digest: string;
}

/** What of one repository is there. */
interface Repository {
	/** By tag and by digest. */
	readonly manifests: Map<string, Manifest>;
	/** Files, by digest. */
	readonly blobs: Map<string, string>;
}

/**
 * Serves by the OCI distribution specification, at a free port, without TLS. The names have a part that nobody can
 * guess: other users of a machine that is more than a sandbox reach its loopback, too.
 */
export async function serveBases(bases: readonly BroughtBase[]): Promise<BaseMirror> {
	const key = randomBytes(16).toString('hex');
	const repositories = new Map<string, Repository>();
	const locations = new Map<string, string>();
	for (const base of bases) {
		const { name, repository: path } = parseBaseReference(base.reference);
		const location = locations.get(name) ?? `${key}/${locations.size}/${path}`;
		locations.set(name, location);
		const repository = repositories.get(location) ?? { manifests: new Map(), blobs: new Map() };
		repositories.set(location, repository);
		await add(repository, base);
	}
	const server = createServer((request, response) => {
		answer(repositories, request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	const port = typeof address === 'object' ? address?.port : undefined;
	const closed = new Promise<void>((resolve) => server.once('close', resolve));
	const close = async (): Promise<void> => {
		server.close();
		server.closeAllConnections();
		await closed;
	};
	return {
		mirrors: [...locations].map(([prefix, path]) => ({ prefix, location: `127.0.0.1:${port}/${path}` })),
		close,
	};
}

async function add({ manifests, blobs }: Repository, base: BroughtBase): Promise<void> {
	const image = join(base.directory, IMAGE_DIRECTORY);
	const { tag } = parseBaseReference(base.reference);
	const top = readManifest(await readFile(join(base.directory, TOP_MANIFEST)), base.digest);
	const own = readManifest(await readFile(join(image, 'manifest.json')));
	if (tag !== undefined) manifests.set(tag, top);
	for (const manifest of [top, own]) manifests.set(manifest.digest, manifest);
	for (const name of await readdir(image)) {
		if (/^[0-9a-f]{64}$/.test(name)) blobs.set(`sha256:${name}`, join(image, name));
	}
}

function readManifest(bytes: Buffer, known?: string): Manifest {
	const digest = known ?? `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
	return { bytes, digest, type: manifestType(bytes) };
}

async function answer(
	repositories: ReadonlyMap<string, Repository>,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	response.setHeader('docker-distribution-api-version', 'registry/2.0');
	if (request.method !== 'GET' && request.method !== 'HEAD') {
		return refuse(response, 405, 'UNSUPPORTED', 'this registry is for reading');
	}
	const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
	if (pathname === '/v2/' || pathname === '/v2') return sendBytes(request, response, Buffer.from('{}'));
	const [, name = '', what, reference = ''] =
		/^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(decodeURIComponent(pathname)) ?? [];
	const repository = repositories.get(name);
	if (repository === undefined) return refuse(response, 404, 'NAME_UNKNOWN', 'no such base was brought');
	if (what === 'manifests') {
		const manifest = repository.manifests.get(reference);
		if (manifest === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'no such base was brought');
		response.setHeader('docker-content-digest', manifest.digest);
		return sendBytes(request, response, manifest.bytes, manifest.type);
	}
	const path = repository.blobs.get(reference);
	if (path === undefined) return refuse(response, 404, 'BLOB_UNKNOWN', 'there is no such blob');
	response.setHeader('docker-content-digest', reference);
	await sendFile(request, response, path);
}

function sendBytes(
	{ method }: IncomingMessage,
	response: ServerResponse,
	bytes: Buffer,
	type = 'application/json',
): void {
	response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
	response.end(method === 'HEAD' ? undefined : bytes);
}

async function sendFile(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
	const { size } = await stat(path);
	const from = Number(/^bytes=(\d{1,15})-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
	if (from > 0 && from >= size) return refuse(response, 416, 'SIZE_INVALID', 'the range lies behind the end');
	response.writeHead(from > 0 ? 206 : 200, {
		'content-type': 'application/octet-stream',
		'content-length': size - from,
		'accept-ranges': 'bytes',
		...(from > 0 ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
	});
	if (request.method === 'HEAD') response.end();
	else await pipeline(createReadStream(path, { start: from }), response);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
	response.writeHead(status, { 'content-type': 'application/json' });
	response.end(JSON.stringify({ errors: [{ code, message }] }));
}
