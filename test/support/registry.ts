import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real registry on loopback, gone when closed. */
export interface Registry {
	/** `127.0.0.1:PORT` */
	readonly host: string;
	readonly port: number;
	/** Pushes a tar archive of a file system as an image of one layer; gives the digest of its manifest. */
	push(repository: string, tag: string, layer: string): Promise<string>;
	/** Pushes an image of one layer for each architecture under one tag: `layers` by OCI's name of it. Gives the digest of the list. */
	pushList(repository: string, tag: string, layers: Readonly<Record<string, string>>): Promise<string>;
	/** Pushes a SIF file as an artifact, as `apptainer push oras://…` does; gives the digest of its manifest. */
	pushSif(repository: string, tag: string, image: string): Promise<string>;
	close(): Promise<void>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Who may use a registry. */
export interface RegistryUser {
	readonly name: string;
	readonly password: string;
}

/** Starts Debian's docker-registry on a free port; with `user` it serves nobody else. */
export async function startRegistry(options: { readonly user?: RegistryUser } = {}): Promise<Registry> {
	const { user } = options;
	const directory = mkdtempSync(join(tmpdir(), 'registry-'));
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const configuration = join(directory, 'config.yml');
	const passwords = join(directory, 'htpasswd');
	if (user !== undefined) {
		// The password goes in by stdin: whoever looks at the process table does not find it.
		writeFileSync(
			passwords,
			execFileSync('htpasswd', ['-inB', '-C', '4', user.name], { input: user.password }),
		);
	}
	const lines = [
		'version: 0.1',
		'log: { level: error }',
		`storage: { filesystem: { rootdirectory: ${directory}/data } }`,
		`http: { addr: "${host}" }`,
		...(user === undefined ? [] : [`auth: { htpasswd: { realm: tests, path: ${passwords} } }`]),
	];
	writeFileSync(configuration, `${lines.join('\n')}\n`);
	const child = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
	const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
	await answered(`http://${host}/v2/`);
	const headers: Record<string, string> =
		user === undefined
			? {}
			: { authorization: `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` };
	const place = (repository: string): Place => ({ base: `http://${host}/v2/${repository}`, headers });
	return {
		host,
		port,
		push: (repository, tag, layer) => pushImage(place(repository), tag, readFileSync(layer)),
		pushList: (repository, tag, layers) => pushList(place(repository), tag, layers),
		pushSif: (repository, tag, image) => pushSif(place(repository), tag, readFileSync(image)),
		close: async () => {
			child.kill('SIGKILL');
			await ended;
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

/** A repository, and what shows that one may write to it. */
interface Place {
	readonly base: string;
	readonly headers: Readonly<Record<string, string>>;
}

async function pushList(
	place: Place,
	tag: string,
	layers: Readonly<Record<string, string>>,
): Promise<string> {
	const manifests = [];
	for (const [architecture, layer] of Object.entries(layers)) {
		const digest = await pushImage(place, `${tag}-${architecture}`, readFileSync(layer), architecture);
		const { headers } = await must(`${place.base}/manifests/${digest}`, {
			method: 'HEAD',
			headers: { ...place.headers, accept: MANIFEST },
		});
		const size = Number(headers.get('content-length'));
		manifests.push({ mediaType: MANIFEST, digest, size, platform: { architecture, os: 'linux' } });
	}
	const mediaType = 'application/vnd.oci.image.index.v1+json';
	return await putManifest(place, tag, mediaType, { schemaVersion: 2, mediaType, manifests });
}

async function pushImage(place: Place, tag: string, layer: Buffer, architecture = 'amd64'): Promise<string> {
	const config = {
		architecture,
		os: 'linux',
		config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh'] },
		rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
		history: [],
	};
	return await pushManifest(place, tag, {
		config: { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: jsonBytes(config) },
		layer: { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: layer },
	});
}

async function pushSif(place: Place, tag: string, image: Buffer): Promise<string> {
	return await pushManifest(place, tag, {
		config: { mediaType: 'application/vnd.sylabs.sif.config.v1+json', bytes: jsonBytes({}) },
		layer: { mediaType: 'application/vnd.sylabs.sif.layer.v1.sif', bytes: image, title: 'image.sif' },
	});
}

interface Content {
	readonly mediaType: string;
	readonly bytes: Buffer;
	readonly title?: string;
}

async function pushManifest(
	place: Place,
	tag: string,
	{ config, layer }: { readonly config: Content; readonly layer: Content },
): Promise<string> {
	const descriptor = async ({ mediaType, bytes, title }: Content) => ({
		mediaType,
		digest: await blob(place, bytes),
		size: bytes.length,
		...(title === undefined ? {} : { annotations: { 'org.opencontainers.image.title': title } }),
	});
	return await putManifest(place, tag, MANIFEST, {
		schemaVersion: 2,
		mediaType: MANIFEST,
		config: await descriptor(config),
		layers: [await descriptor(layer)],
	});
}

async function putManifest(place: Place, tag: string, mediaType: string, value: unknown): Promise<string> {
	const manifest = jsonBytes(value);
	await must(`${place.base}/manifests/${tag}`, {
		method: 'PUT',
		headers: { ...place.headers, 'content-type': mediaType },
		body: new Uint8Array(manifest),
	});
	return digestOf(manifest);
}

async function blob({ base, headers }: Place, bytes: Buffer): Promise<string> {
	const digest = digestOf(bytes);
	const begun = await must(`${base}/blobs/uploads/`, { method: 'POST', headers });
	const place = new URL(begun.headers.get('location') ?? '', base);
	place.searchParams.set('digest', digest);
	await must(place.href, {
		method: 'PUT',
		headers: { ...headers, 'content-type': 'application/octet-stream' },
		body: new Uint8Array(bytes),
	});
	return digest;
}

function digestOf(bytes: Buffer): string {
	return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function jsonBytes(value: unknown): Buffer {
	return Buffer.from(JSON.stringify(value));
}

async function must(url: string, init: RequestInit): Promise<Response> {
	const response = await fetch(url, init);
	if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
	return response;
}

async function answered(url: string): Promise<void> {
	for (let round = 0; ; round++) {
		try {
			await fetch(url);
			return;
		} catch (error) {
			if (round > 100) throw error;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}

/** A TCP port that is free at this moment. */
function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.on('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() =>
				address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
			);
		});
	});
}
