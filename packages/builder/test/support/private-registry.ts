import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistryLogin } from '@olcf/container-builder-core';

/** Whether Debian's docker-registry and skopeo are on this machine. */
export const hasRegistry = ['docker-registry', 'skopeo'].every(
	(program) => spawnSync(program, ['--version']).error === undefined,
);

const USERNAME = 'ci';
/** Of the one account of the registry. */
export const PASSWORD = 'hunter2-registry';
const PASSWORD_HASH = '$2b$05$abcdefghijklmnopqrstuulZu.ILEXqeNBq7QTUS3kx8ZZIO3trhO';

/** What one of `manifest`'s parts is. */
export interface Descriptor {
	readonly mediaType: string;
	readonly digest: string;
	readonly size: number;
	readonly platform?: { readonly os: string; readonly architecture: string };
}

/** A real registry on loopback, over plain HTTP. */
export interface PrivateRegistry extends AsyncDisposable {
	/** `127.0.0.1:PORT` */
	readonly host: string;
	/** The right one. */
	readonly login: RegistryLogin;
	blob(repository: string, bytes: Uint8Array, mediaType: string): Promise<Descriptor>;
	/** Pushes a manifest; returns its descriptor. */
	manifest(
		repository: string,
		reference: string,
		content: Readonly<Record<string, unknown>> & { readonly mediaType: string },
	): Promise<Descriptor>;
	/** Pushes an image of one layer with these bytes, which need not be a layer. */
	image(repository: string, reference: string, layer: Uint8Array, architecture?: string): Promise<Descriptor>;
}

/** Starts one that lets nobody read without a login; `open: true`: one that asks for none. */
export async function startPrivateRegistry(
	options: { readonly open?: boolean } = {},
): Promise<PrivateRegistry> {
	const directory = await mkdtemp(join(tmpdir(), 'cb-registry-'));
	const host = `127.0.0.1:${await freePort()}`;
	await writeFile(join(directory, 'htpasswd'), `${USERNAME}:${PASSWORD_HASH}\n`);
	const auth = options.open ? '' : `auth: { htpasswd: { realm: tests, path: ${directory}/htpasswd } }\n`;
	await writeFile(
		join(directory, 'config.yml'),
		`version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${directory}/data } }\nhttp: { addr: "${host}" }\n${auth}`,
	);
	const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
	const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
	while (!(await fetch(`http://${host}/v2/`).catch(() => undefined))) {
		if (child.exitCode !== null) throw new Error('docker-registry has ended');
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	const headers = { authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}` };
	const call = async (url: string, method: string, type: string, body?: Uint8Array): Promise<Response> => {
		const response = await fetch(url, {
			method,
			headers: { ...headers, 'content-type': type },
			...(body ? { body: new Uint8Array(body) } : {}),
		});
		if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
		return response;
	};
	const blob: PrivateRegistry['blob'] = async (repository, bytes, mediaType) => {
		const base = `http://${host}/v2/${repository}/blobs/uploads/`;
		const begun = await call(base, 'POST', 'application/octet-stream');
		const place = new URL(begun.headers.get('location') ?? '', base);
		const digest = sha256(bytes);
		place.searchParams.set('digest', digest);
		await call(place.href, 'PUT', 'application/octet-stream', bytes);
		return { mediaType, digest, size: bytes.length };
	};
	const manifest: PrivateRegistry['manifest'] = async (repository, reference, content) => {
		const bytes = Buffer.from(JSON.stringify(content));
		const digest = sha256(bytes);
		const name = reference === '' ? digest : reference;
		await call(`http://${host}/v2/${repository}/manifests/${name}`, 'PUT', content.mediaType, bytes);
		return { mediaType: content.mediaType, digest, size: bytes.length };
	};
	return {
		host,
		login: { registry: host, username: USERNAME, password: PASSWORD },
		blob,
		manifest,
		image: async (repository, reference, layer, architecture = 'amd64') => {
			const described = await blob(repository, layer, 'application/vnd.oci.image.layer.v1.tar');
			const config = {
				architecture,
				os: 'linux',
				config: {},
				rootfs: { type: 'layers', diff_ids: [described.digest] },
			};
			return await manifest(repository, reference, {
				schemaVersion: 2,
				mediaType: 'application/vnd.oci.image.manifest.v1+json',
				config: await blob(
					repository,
					Buffer.from(JSON.stringify(config)),
					'application/vnd.oci.image.config.v1+json',
				),
				layers: [described],
			});
		},
		[Symbol.asyncDispose]: async () => {
			child.kill('SIGKILL');
			await ended;
			await rm(directory, { recursive: true, force: true });
		},
	};
}

export function sha256(bytes: Uint8Array): string {
	return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.on('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(address)));
		});
	});
}
