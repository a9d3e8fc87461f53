import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real registry on loopback, gone when closed. */
export interface Registry {
	/** `127.0.0.1:PORT` */
	readonly host: string;
	/** Pushes a tar archive of a file system as an image of one layer. */
	push(repository: string, tag: string, layer: string): Promise<void>;
	close(): Promise<void>;
}

/** Starts Debian's docker-registry on a free port. */
export async function startRegistry(): Promise<Registry> {
	const directory = mkdtempSync(join(tmpdir(), 'registry-'));
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const configuration = join(directory, 'config.yml');
	writeFileSync(
		configuration,
		`version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${directory}/data } }\nhttp: { addr: "${host}" }\n`,
	);
	const child = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
	const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
	await answered(`http://${host}/v2/`);
	return {
		host,
		push: (repository, tag, layer) => push(`http://${host}/v2/${repository}`, tag, layer),
		close: async () => {
			child.kill('SIGKILL');
			await ended;
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

async function push(base: string, tag: string, layer: string): Promise<void> {
	const bytes = readFileSync(layer);
	const layerDigest = await blob(base, bytes);
	const config = Buffer.from(
		JSON.stringify({
			architecture: 'amd64',
			os: 'linux',
			config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh'] },
			rootfs: { type: 'layers', diff_ids: [layerDigest] },
			history: [],
		}),
	);
	const manifest = {
		schemaVersion: 2,
		mediaType: 'application/vnd.oci.image.manifest.v1+json',
		config: {
			mediaType: 'application/vnd.oci.image.config.v1+json',
			digest: await blob(base, config),
			size: config.length,
		},
		layers: [
			{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layerDigest, size: bytes.length },
		],
	};
	await must(`${base}/manifests/${tag}`, {
		method: 'PUT',
		headers: { 'content-type': manifest.mediaType },
		body: JSON.stringify(manifest),
	});
}

async function blob(base: string, bytes: Buffer): Promise<string> {
	const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
	const begun = await must(`${base}/blobs/uploads/`, { method: 'POST' });
	const place = new URL(begun.headers.get('location') ?? '', base);
	place.searchParams.set('digest', digest);
	await must(place.href, {
		method: 'PUT',
		headers: { 'content-type': 'application/octet-stream' },
		body: new Uint8Array(bytes),
	});
	return digest;
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
