import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { ARCHITECTURES, type MachineRequest } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { checkRequest, machineArchitecture } from '../src/check-request.js';
import { emulatedArchitectures } from '../src/emulated-architectures.js';
import { type HostReport, inspectHost, local } from '../src/index.js';
import { diskKind, requireFor } from '../src/inspect-host.js';
import { machineLimits, requireEnforceable } from '../src/limits.js';
import { imageDirectory, loadImage, parseManifest } from '../src/load-image.js';
import { proxyVariables } from '../src/sandbox-network.js';
import { treesToRemove } from '../src/trees.js';

const GIBIBYTE = 1024 ** 3;
const HEX = 'a'.repeat(64);
const MANIFEST = {
	schemaVersion: 1,
	format: 'rootfs',
	id: HEX,
	architecture: 'amd64',
	createdAt: '2026-01-01T00:00:00Z',
	base: { id: HEX, path: 'base.tar.zst', size: 1, sha256: HEX, suite: 's', packages: {}, indexes: {} },
	daemon: { id: HEX, path: 'daemon' },
	command: ['/bin/true'],
};
const REQUEST: MachineRequest = {
	builderId: 'b',
	owner: 'o',
	pool: 'p',
	architecture: machineArchitecture(),
	bootstrap: new Uint8Array(),
	lifetimeMs: 1,
	network: 'shared',
	labels: {},
};

describe('emulation', () => {
	test.each([
		['6.18.0', true],
		['6.7.0-rc1', true],
		['7.0', true],
		['6.6.99-generic', false],
		['5.15.0', false],
		['nonsense', false],
	])('by Linux %s', (kernel, can) => {
		const others = ARCHITECTURES.filter((architecture) => architecture !== machineArchitecture());
		expect(emulatedArchitectures(kernel)).toEqual(can ? others : []);
	});
});

describe('limits', () => {
	test('are the request’s, else the options’, else half of the machine', () => {
		expect(machineLimits(undefined, undefined, 'image', 16 * GIBIBYTE)).toEqual({
			memoryBytes: 8 * GIBIBYTE,
			cpus: undefined,
			processes: 4096,
			diskBytes: 32 * GIBIBYTE,
		});
		expect(machineLimits({ cpus: 2 }, { cpus: 1, processes: 9 }, 'tmpfs', 16 * GIBIBYTE)).toEqual({
			memoryBytes: 8 * GIBIBYTE,
			cpus: 2,
			processes: 9,
			diskBytes: 8 * GIBIBYTE,
		});
	});

	test('that cannot be enforced are refused when they are asked for', () => {
		expect(() => requireEnforceable({ memoryBytes: 1, processes: 1 }, ['processes'])).toThrow(
			/cannot enforce the limits memoryBytes/,
		);
		expect(() => requireEnforceable({ processes: 1, cpus: undefined }, ['processes'])).not.toThrow();
		expect(() => local({ limits: { memoryBytes: -1 } })).toThrow(TypeError);
	});
});

describe('requests', () => {
	const networks = ['shared'] as const;
	test.each([
		[{ builderId: '../x' }, TypeError],
		[{ owner: '' }, TypeError],
		[{ owner: 'x'.repeat(64) }, TypeError],
		[{ bootstrap: new Uint8Array(16 * 1024 + 1) }, TypeError],
		[{ lifetimeMs: Number.NaN }, TypeError],
		[{ limits: { cpus: 0 } }, TypeError],
		[{ architecture: arch() === 'arm64' ? 'amd64' : 'arm64' }, /makes no builders of/],
		[{ network: 'isolated' }, /network 'isolated' is not to be had here/],
	] as const)('that cannot be are refused: %j', (changes, error) => {
		expect(() => checkRequest({ ...REQUEST, ...changes }, networks)).toThrow(error);
	});

	test('that can be are not', () => {
		expect(() => checkRequest(REQUEST, networks)).not.toThrow();
	});
});

describe('builder images', () => {
	test('are found by name, by path, by option, or as the current one', () => {
		expect(imageDirectory('/c', undefined, undefined)).toBe('/c/images/current');
		expect(imageDirectory('/c', '/o', undefined)).toBe('/o');
		expect(imageDirectory('/c', '/o', '/r')).toBe('/r');
		expect(imageDirectory('/c', '/o', 'name')).toBe('/c/images/name');
		for (const name of ['../x', '.', '..', 'a/b']) {
			expect(() => imageDirectory('/c', '/o', name)).toThrow(/no name of a builder image/);
		}
	});

	test('have a manifest that is whole', () => {
		expect(parseManifest(JSON.stringify(MANIFEST))).toEqual(MANIFEST);
		for (const broken of [
			{ schemaVersion: 2 },
			{ format: 'qcow2' },
			{ id: '../x' },
			{ base: { ...MANIFEST.base, id: 'x/y' } },
			{ daemon: undefined },
			{ command: [] },
			{ command: [1] },
		]) {
			expect(
				parseManifest(JSON.stringify({ ...MANIFEST, ...broken })),
				JSON.stringify(broken),
			).toBeUndefined();
		}
		for (const text of ['', 'null', '7', '"x"', '[]', '{']) expect(parseManifest(text)).toBeUndefined();
	});

	test('say what is missing of them', async () => {
		const directory = await mkdtemp('/tmp/cb-image-');
		const refused = (message: string) =>
			expect(loadImage(directory)).rejects.toMatchObject({
				code: 'builder-image',
				hint: 'Make one: cb-image make',
				message: expect.stringContaining(message),
			});
		await refused('there is no builder image at');
		await writeFile(join(directory, 'image.json'), '{}');
		await refused('is not a manifest');
		await writeFile(join(directory, 'image.json'), JSON.stringify(MANIFEST));
		await refused('base.tar.zst');
		await writeFile(join(directory, 'base.tar.zst'), '');
		await refused('daemon');
		await mkdir(join(directory, 'daemon'));
		expect(await loadImage(directory)).toMatchObject({
			manifest: { id: HEX },
			layer: join(directory, 'daemon'),
		});
		await rm(directory, { recursive: true });
	});

	test('that nobody uses are pruned, two of each kind apart', () => {
		const name = (letter: string, kind = ''): string => `${kind}${letter.repeat(64)}-100000`;
		const day = 24 * 3_600_000;
		const trees = ['1', '2', '3', '4', '5', '6'].map((letter, index) => ({
			name: name(letter),
			ageMs: (index + 2) * day,
		}));
		const daemons = ['7', '8', '9'].map((letter, index) => ({
			name: name(letter, 'daemon-'),
			ageMs: index * day,
		}));
		const others = [
			{ name: '.lock', ageMs: 99 * day },
			{ name: '.new-abcdef', ageMs: 2 * day },
			{ name: '.new-ghijkl', ageMs: 0 },
		];
		expect(treesToRemove([...trees, ...daemons, ...others], ['3'.repeat(64)], new Set([name('6')]))).toEqual([
			name('9', 'daemon-'),
			'.new-abcdef',
			name('4'),
			name('5'),
		]);
	});
});

describe('this machine', () => {
	const good: HostReport = { mode: 'root', prerequisites: [], limits: [], networks: [], emulates: [] };
	const missing = (
		name: string,
		debian: string | undefined,
		neededFor: 'sandbox' | 'isolated' | 'forward' | 'disk-image',
	) => ({
		name,
		ok: false,
		detail: 'not found',
		...(debian === undefined ? { remedy: `mend ${name}` } : { package: debian }),
		neededFor,
	});

	test('is refused with all that it lacks, and one line that mends it', () => {
		const report: HostReport = {
			...good,
			prerequisites: [
				missing('pasta', 'passt', 'isolated'),
				missing('socat', 'socat', 'forward'),
				missing('newuidmap', 'uidmap', 'sandbox'),
				missing('newgidmap', 'uidmap', 'sandbox'),
				missing('mkfs.ext4', 'e2fsprogs', 'disk-image'),
				missing('overlay', undefined, 'sandbox'),
			],
		};
		const caught = (
			network: 'isolated' | 'shared',
			disk: 'image' | 'directory',
			forward = false,
		): unknown => {
			try {
				return requireFor(report, { network, disk, forward });
			} catch (error) {
				return error;
			}
		};
		expect(caught('isolated', 'image')).toMatchObject({
			code: 'provider-misconfigured',
			outcome: 'none',
			message: expect.stringMatching(/\(pasta, newuidmap, newgidmap, mkfs\.ext4\); overlay \(not found\)/),
			hint: 'apt-get install e2fsprogs passt uidmap · mend overlay',
		});
		expect(caught('shared', 'directory')).toMatchObject({ hint: 'apt-get install uidmap · mend overlay' });
		expect(caught('isolated', 'directory', true)).toMatchObject({
			hint: 'apt-get install passt socat uidmap · mend overlay',
		});
		expect(caught('shared', 'directory', true)).toMatchObject({
			hint: 'apt-get install uidmap · mend overlay',
		});
		expect(() => requireFor(good, { network: 'isolated', disk: 'image', forward: true })).not.toThrow();
	});

	test('gets a disk of a limited size where it can', () => {
		expect(diskKind('root', undefined, true)).toBe('image');
		expect(diskKind('root', undefined, false)).toBe('directory');
		expect(diskKind('user', undefined, true)).toBe('directory');
		expect(diskKind('user', 'tmpfs', true)).toBe('tmpfs');
	});

	test('is looked at, and nothing about it is left open', async () => {
		const report = await inspectHost();
		expect(report.mode).toBe(process.getuid?.() === 0 ? 'root' : 'user');
		const names = report.prerequisites.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		for (const name of [
			'unshare',
			'newuidmap',
			'pasta',
			'nft',
			'mkfs.ext4',
			'tar',
			'zstd',
			'setpriv',
			'ip',
		]) {
			expect(names).toContain(name);
		}
		for (const name of ['overlay', 'user-namespaces', '/dev/fuse', 'subuid', 'cgroup'])
			expect(names).toContain(name);
		for (const { ok, detail, remedy } of report.prerequisites) {
			expect(detail).not.toBe('');
			expect(remedy === undefined).toBe(ok);
		}
		await expect(inspectHost({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'canceled' });
	});
});

describe('a network', () => {
	test('has no way out that cannot be written into its filter', () => {
		expect(() => local({ allow: [{ address: '10.0.0.1\n accept' }] })).toThrow(TypeError);
		expect(() => local({ forward: [70_000] })).toThrow(TypeError);
	});

	test('may have a proxy', () => {
		expect(
			proxyVariables({
				http_proxy: 'http://p:1',
				NO_PROXY: 'a,b',
				https_proxy: '',
				PATH: '/bin',
				all_proxy: 'x\ny',
			}),
		).toEqual(['http_proxy=http://p:1', 'NO_PROXY=a,b']);
	});
});
