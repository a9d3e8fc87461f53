import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture, RegistryLogin } from '@olcf/container-builder-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveBases } from '../../src/bases/base-mirror.js';
import { fetchBases } from '../../src/bases/fetch-bases.js';
import type { BroughtBase, WantedBase } from '../../src/bases/fetch-types.js';
import { sifOfArtifact } from '../../src/bases/sif-of-artifact.js';
import { Skopeo } from '../../src/bases/skopeo.js';
import {
	type Descriptor,
	hasRegistry,
	PASSWORD,
	type PrivateRegistry,
	sha256,
	startPrivateRegistry,
} from '../support/private-registry.js';

const environment = { PATH: process.env.PATH };
const LAYER = Buffer.from('the bytes of a layer that only those with a login may have');
const SIF = Buffer.from('the bytes of a SIF file');

describe.runIf(hasRegistry)('bases', () => {
	let locked: PrivateRegistry;
	let open: PrivateRegistry;
	let amd64: Descriptor;
	let index: Descriptor;
	let publicImage: Descriptor;
	let directory: string;
	beforeAll(async () => {
		[locked, open] = await Promise.all([startPrivateRegistry(), startPrivateRegistry({ open: true })]);
		amd64 = await locked.image('team/base', '', LAYER);
		const arm64 = await locked.image('team/base', '', Buffer.from('another'), 'arm64');
		index = await locked.manifest('team/base', '1', {
			schemaVersion: 2,
			mediaType: 'application/vnd.oci.image.index.v1+json',
			manifests: [
				{ ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
				{ ...arm64, platform: { os: 'linux', architecture: 'arm64' } },
			],
		});
		await locked.image('team/base', '2', Buffer.from('second tag'));
		await locked.manifest('team/sif', '1', {
			schemaVersion: 2,
			mediaType: 'application/vnd.oci.image.manifest.v1+json',
			config: await locked.blob('team/sif', Buffer.from('{}'), 'application/vnd.sylabs.sif.config.v1+json'),
			layers: [await locked.blob('team/sif', SIF, 'application/vnd.sylabs.sif.layer.v1.sif')],
		});
		publicImage = await open.image('public/base', '1', Buffer.from('for all'));
	});
	afterAll(async () => {
		await locked[Symbol.asyncDispose]();
		await open[Symbol.asyncDispose]();
	});
	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), 'cb-bases-'));
		await mkdir(join(directory, 'bases'));
		await mkdir(join(directory, 'memory'));
	});
	afterEach(async () => {
		await rm(directory, { recursive: true });
	});

	const fetchOutcome = (
		references: readonly string[],
		more: {
			logins?: readonly RegistryLogin[];
			siteLogins?: readonly RegistryLogin[];
			transport?: WantedBase['transport'];
			signal?: AbortSignal;
			path?: string;
			architecture?: Architecture;
			otherPlatform?: true;
		} = {},
	) =>
		fetchBases(
			{
				bases: references.map((reference) => ({
					transport: more.transport ?? 'docker',
					reference,
					otherPlatform: more.otherPlatform,
				})),
				architecture: more.architecture ?? 'amd64',
				logins: more.logins ?? [],
				siteLogins: more.siteLogins ?? [],
				directory: join(directory, 'bases'),
				memoryDirectory: join(directory, 'memory'),
			},
			{ environment: more.path === undefined ? environment : { PATH: more.path }, signal: more.signal },
		);

	const fetchAll = async (...call: Parameters<typeof fetchOutcome>) => (await fetchOutcome(...call)).bases;

	it('without a login are looked up where everybody may, and left to the backend where not', async () => {
		const found = await fetchOutcome([
			`${locked.host}/team/base:1`,
			`${open.host}/public/base:1`,
			`${open.host}/public/missing:1`,
			'127.0.0.1:1/nobody/listens:1',
		]);
		expect(found).toEqual({
			bases: [{ transport: 'docker', reference: `${open.host}/public/base:1`, digest: publicImage.digest }],
			refused: [`${locked.host}/team/base:1`],
		});
		expect(await readdir(join(directory, 'bases'))).toEqual([]);
	});

	it('with a login are brought, and the login is gone', async () => {
		const found = await fetchAll([`${open.host}/public/base:1`, `${locked.host}/team/base:1`], {
			logins: [locked.login],
		});
		expect(found.map(({ digest }) => digest)).toEqual([publicImage.digest, index.digest]);
		expect(found.map((base) => base.directory !== undefined)).toEqual([false, true]);
		expect(await readdir(join(directory, 'memory'))).toEqual([]);
	});

	it.runIf(process.arch === 'x64')(
		'are refused where they are not to be had for the architecture',
		async () => {
			const [own, anyone] = [`${locked.host}/team/base`, `${open.host}/public/base:1`];
			const logins = [locked.login];
			const refused = (reference: string, architecture: Architecture, has: string) =>
				expect(fetchAll([reference], { architecture, logins })).rejects.toMatchObject({
					code: 'unsupported',
					message: `the base ${reference} is not to be had for ${architecture}: it is for ${has}`,
				});
			await refused(anyone, 'arm64', 'amd64');
			await refused(`${own}:2`, 'ppc64le', 'amd64');
			await rm(join(directory, 'bases', '0'), { recursive: true });
			await refused(`${own}:1`, 'ppc64le', 'others only');
			await rm(join(directory, 'bases', '0'), { recursive: true });
			const found = await fetchAll([`${own}:1`], { architecture: 'arm64', logins });
			expect(found.map(({ digest }) => digest)).toEqual([index.digest]);
			expect(await fetchAll([anyone], { architecture: 'arm64', otherPlatform: true })).toHaveLength(1);
		},
	);

	it('by the site’s login, which comes after the user’s own', async () => {
		const reference = `${locked.host}/team/base:1`;
		const wrong = { ...locked.login, password: 'wrong-password' };
		expect(await fetchAll([reference], { siteLogins: [locked.login] })).toHaveLength(1);
		await rm(join(directory, 'bases', '0'), { recursive: true });
		expect(await fetchAll([reference], { logins: [locked.login], siteLogins: [wrong] })).toHaveLength(1);
		await expect(
			fetchAll([reference], { logins: [wrong], siteLogins: [locked.login] }),
		).rejects.toMatchObject({
			code: 'build-failed',
			message: `the registry ${locked.host} refuses ${reference} to your login`,
			hint: expect.stringContaining('--authfile'),
		});
		await expect(fetchAll([reference], { siteLogins: [wrong] })).rejects.toThrow(/to the site's login$/);
		expect(await readdir(join(directory, 'memory'))).toEqual([]);
	});

	it('that are not there are told, without the login', async () => {
		const failing = fetchAll([`${locked.host}/team/missing:1`], { logins: [locked.login] });
		await expect(failing).rejects.toMatchObject({ code: 'build-failed', exitCode: 1 });
		await expect(failing).rejects.toThrow(/team\/missing:1 cannot be brought: .*unknown/);
		await failing.catch((error) => expect(JSON.stringify(error)).not.toContain(PASSWORD));
	});

	it('whose registry does not answer are told, and those where there is no skopeo', async () => {
		const login = { registry: '127.0.0.1:1', username: 'u', password: 'p' };
		await expect(fetchAll(['127.0.0.1:1/a/b:1'], { logins: [login] })).rejects.toMatchObject({
			code: 'build-failed',
			hint: 'Look whether the registry can be reached from where builds run.',
		});
		await expect(
			fetchAll([`${locked.host}/team/base:1`], { logins: [locked.login], path: '/nowhere' }),
		).rejects.toMatchObject({
			code: 'unsupported',
			message: expect.stringContaining('skopeo is not installed'),
		});
		expect(await fetchAll([`${open.host}/public/base:1`], { path: '/nowhere' })).toEqual([]);
	});

	it('can be canceled', async () => {
		const stop = new AbortController();
		const fetching = fetchAll([`${locked.host}/team/base:1`], {
			logins: [locked.login],
			signal: stop.signal,
		});
		stop.abort();
		await expect(fetching).rejects.toMatchObject({ code: 'canceled' });
		expect(await readdir(join(directory, 'memory'))).toEqual([]);
	});

	it('are served by the mirror to whoever asks as registries are asked, by tag and by digest', async () => {
		const found = await fetchAll([`${locked.host}/team/base:1`, `${locked.host}/team/base:2`], {
			logins: [locked.login],
		});
		const mirror = await serveBases(found as BroughtBase[]);
		try {
			expect(mirror.mirrors.map(({ prefix }) => prefix)).toEqual([`${locked.host}/team/base`]);
			const location = mirror.mirrors[0]?.location ?? '';
			expect(location).toMatch(/^127\.0\.0\.1:\d+\/[0-9a-f]{32}\/0\/team\/base$/);
			const skopeo = new Skopeo(environment);
			const call = { plainHttp: true };
			for (const reference of [':1', `@${index.digest}`]) {
				const top = await skopeo.manifest(`docker://${location}${reference}`, call);
				expect(JSON.parse(top.toString()).manifests).toHaveLength(2);
			}
			const copied = join(directory, 'copied');
			await skopeo.copy(`docker://${location}:1`, copied, 'amd64', call);
			expect(await readFile(join(copied, digestOf(LAYER)))).toEqual(LAYER);
			await skopeo.copy(`docker://${location}:2`, join(directory, 'second'), 'amd64', call);
			// The other architecture was not brought.
			await expect(
				skopeo.copy(`docker://${location}:1`, join(directory, 'arm'), 'arm64', call),
			).rejects.toThrow(/manifest unknown|no such base/);
		} finally {
			await mirror.close();
		}
		await expect(fetch(`http://${mirror.mirrors[0]?.location}`)).rejects.toThrow();
	});

	it('are served for reading only, from any offset, and to those only who know the name', async () => {
		const found = await fetchAll([`${locked.host}/team/base:1`], { logins: [locked.login] });
		const mirror = await serveBases(found as BroughtBase[]);
		try {
			const [host = '', ...path] = (mirror.mirrors[0]?.location ?? '').split('/');
			const at = (rest: string): string => `http://${host}/v2/${path.join('/')}/${rest}`;
			const blob = at(`blobs/sha256:${digestOf(LAYER)}`);
			expect((await fetch(`http://${host}/v2/`)).status).toBe(200);
			const head = await fetch(at('manifests/1'), { method: 'HEAD' });
			expect(head.headers.get('docker-content-digest')).toBe(index.digest);
			expect(head.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
			expect(Buffer.from(await (await fetch(blob)).arrayBuffer())).toEqual(LAYER);
			const rest = await fetch(blob, { headers: { range: 'bytes=10-' } });
			expect([rest.status, Buffer.from(await rest.arrayBuffer())]).toEqual([206, LAYER.subarray(10)]);
			expect((await fetch(blob, { headers: { range: `bytes=${LAYER.length}-` } })).status).toBe(416);
			expect((await fetch(blob, { method: 'DELETE' })).status).toBe(405);
			for (const missing of [
				at('blobs/manifest.json'),
				at('blobs/..%2ftop'),
				at('manifests/3'),
				`http://${host}/v2/team/base/manifests/1`,
				`http://${host}/`,
				`http://${host}/v2/%ff/manifests/1`,
			]) {
				const status = await fetch(missing).then(
					(response) => response.status,
					() => 'closed',
				);
				expect([missing, status === 404 || status === 'closed']).toEqual([missing, true]);
			}
		} finally {
			await mirror.close();
		}
	});

	it('that are SIF files come out as such', async () => {
		const [found] = await fetchAll([`${locked.host}/team/sif:1`], {
			logins: [locked.login],
			transport: 'oras',
		});
		expect(await readFile(await sifOfArtifact(found as BroughtBase))).toEqual(SIF);
	});

	it('that are images of layers are no SIF files', async () => {
		const [found] = await fetchAll([`${locked.host}/team/base:1`], {
			logins: [locked.login],
			transport: 'oras',
		});
		await expect(sifOfArtifact(found as BroughtBase)).rejects.toMatchObject({
			code: 'build-failed',
			message: `${locked.host}/team/base:1 is not a SIF file`,
		});
	});
});

function digestOf(bytes: Buffer): string {
	return sha256(bytes).replace('sha256:', '');
}
