import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageCatalogue } from '@olcf/container-builder-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROGRAM = 'docker-registry';
const installed = spawnSync(PROGRAM, ['--version']).error === undefined;

/** Debian's `docker-registry`, where it is installed. */
describe.runIf(installed)('the catalogue of a real registry', () => {
	let directory: string;
	let child: ChildProcess;
	let origin: string;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), 'cb-registry-'));
		const port = await freePort();
		origin = `http://127.0.0.1:${port}`;
		const configuration = join(directory, 'config.yml');
		await writeFile(
			configuration,
			[
				'version: 0.1',
				'log: { level: error, accesslog: { disabled: true } }',
				`storage: { filesystem: { rootdirectory: ${directory}/data } }`,
				`http: { addr: '127.0.0.1:${port}' }`,
			].join('\n'),
		);
		child = spawn(PROGRAM, ['serve', configuration], { stdio: 'ignore' });
		await answers(`${origin}/v2/`);
	});

	afterAll(async () => {
		const ended = new Promise((resolve) => child.once('exit', resolve));
		child.kill();
		await ended;
		await rm(directory, { recursive: true });
	});

	it('lists what was pushed', async () => {
		const tags = Array.from({ length: 3 }, (_, index) => `v${index}`);
		for (const tag of tags) await push(origin, 'olcf/summit', tag);
		await push(origin, 'olcf/titan', 'centos-7_2018-01-18');
		const all = [
			{ repository: 'olcf/summit', tags },
			{ repository: 'olcf/titan', tags: ['centos-7_2018-01-18'] },
		];
		expect(await imageCatalogue({ registry: origin })()).toEqual(all);
		expect(await imageCatalogue({ registry: origin, repositories: ['olcf/titan'] })()).toEqual(all.slice(1));
		await expect(imageCatalogue({ registry: origin, repositories: ['olcf/none'] })()).rejects.toMatchObject({
			code: 'not-found',
		});
	});

	it('goes through all pages', async () => {
		const names = Array.from({ length: 105 }, (_, index) => `many/n${String(index).padStart(3, '0')}`);
		for (const name of names) await push(origin, name, 'latest');
		const found = await imageCatalogue({ registry: origin })();
		expect(found.map(({ repository }) => repository).filter((name) => name.startsWith('many/'))).toEqual(
			names,
		);
	});
});

/** The smallest thing that a registry takes. */
async function push(origin: string, repository: string, tag: string): Promise<void> {
	const blob = Buffer.from('{}');
	const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
	const begun = await fetch(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
	const location = new URL(begun.headers.get('location') ?? '', origin);
	location.searchParams.set('digest', digest);
	await fetch(location, {
		method: 'PUT',
		body: blob,
		headers: { 'content-type': 'application/octet-stream' },
	});
	const manifest = JSON.stringify({
		schemaVersion: 2,
		mediaType: 'application/vnd.oci.image.manifest.v1+json',
		config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: blob.length, digest },
		layers: [],
	});
	const put = await fetch(`${origin}/v2/${repository}/manifests/${tag}`, {
		method: 'PUT',
		body: manifest,
		headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
	});
	if (!put.ok) throw new Error(`push: ${put.status} ${await put.text()}`);
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (typeof address !== 'object' || address === null) throw new Error('no port');
	return address.port;
}

async function answers(url: string): Promise<void> {
	for (;;) {
		try {
			await fetch(url);
			return;
		} catch {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}
}
