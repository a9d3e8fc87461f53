import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineRequest } from '@olcf/container-builder-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRequest } from '../src/check-request.js';
import { endGroup } from '../src/end-group.js';
import { hostArchitecture } from '../src/host-architecture.js';
import { qemu } from '../src/index.js';
import { loadVmImage, vmImageDirectory } from '../src/load-vm-image.js';
import { machineDirectoryName } from '../src/machine-directory.js';
import { machineSize } from '../src/machine-size.js';
import { isRunning, processIdentity } from '../src/process-identity.js';
import { type QemuCommand, qemuArguments } from '../src/qemu-arguments.js';
import { type SnapshotCommand, snapshotKey } from '../src/snapshot.js';

const GIB = 2 ** 30;
const request: MachineRequest = {
	...{ builderId: 'b1', owner: 'tests', pool: 'tests', architecture: hostArchitecture(), network: 'none' },
	...{ bootstrap: Buffer.from('{}'), lifetimeMs: 600_000, labels: {} },
};

describe('the size of a machine', () => {
	const flavors = { default: { memoryBytes: 4 * GIB }, large: { cpus: 8, memoryBytes: 16 * GIB } };

	it.each([
		['without flavors', {}, {}, { cpus: 2, memoryBytes: 2 * GIB }],
		['the default flavor', flavors, {}, { cpus: 2, memoryBytes: 4 * GIB }],
		['a flavor', flavors, { flavor: 'large' }, { cpus: 8, memoryBytes: 16 * GIB }],
		[
			'limits make it smaller',
			flavors,
			{ flavor: 'large', limits: { cpus: 1.5, memoryBytes: GIB } },
			{ cpus: 1, memoryBytes: GIB },
		],
		['limits do not make it larger', flavors, { limits: { cpus: 64 } }, { cpus: 2, memoryBytes: 4 * GIB }],
	])('%s', (_name, some, wanted, size) => {
		expect(machineSize(some, wanted)).toEqual(size);
	});

	it('refuses a flavor that there is not, and what no kernel boots in', () => {
		expect(() => machineSize(flavors, { flavor: 'huge' })).toThrow("there is no flavor 'huge'");
		expect(() => machineSize({}, { limits: { memoryBytes: 64 * 2 ** 20 } })).toThrow('cannot be made');
	});
});

describe('what is refused', () => {
	it.each<[string, Partial<MachineRequest>, RegExp]>([
		['a name that is none', { builderId: 'No name' }, /builderId 'No name'/],
		['a bootstrap that is too large', { bootstrap: Buffer.alloc(16_385) }, /at most 16384 bytes/],
		['no lifetime', { lifetimeMs: 0 }, /lifetimeMs 0/],
		['another architecture', { architecture: 'ppc64le' }, /makes no builders of ppc64le/],
		['a network that there is not', { network: 'isolated' }, /there is none, shared/],
	])('%s', (_name, changes, message) => {
		expect(() => checkRequest({ ...request, ...changes }, ['none', 'shared'])).toThrow(message);
	});

	it('nothing else', () => {
		expect(() => checkRequest(request, ['none', 'shared'])).not.toThrow();
	});
});

describe('a snapshot', () => {
	const command: SnapshotCommand = {
		...{ architecture: 'amd64', acceleration: 'tcg', size: { cpus: 2, memoryBytes: 2 * GIB } },
		...{ kernel: '/i/vmlinuz', initrd: '/i/initrd', commandLine: 'quiet', network: 'none' },
	};
	const parts = { imageId: 'i', imageDisk: '/i/disk.raw', version: 'QEMU 7' };
	const key = (changes: Partial<SnapshotCommand>, other: Partial<typeof parts> = {}) =>
		snapshotKey({ ...command, ...changes }, { ...parts, ...other });

	it.each([
		['image', {}, { imageId: 'j' }],
		['place of the image', {}, { imageDisk: '/j/disk.raw' }],
		['QEMU', {}, { version: 'QEMU 8' }],
		['memory', { size: { cpus: 2, memoryBytes: 4 * GIB } }, {}],
		['disk', { size: { cpus: 2, memoryBytes: 2 * GIB, diskBytes: 9 * GIB } }, {}],
		['acceleration', { acceleration: 'kvm' }, {}],
		['kernel command line', { commandLine: '' }, {}],
		['kind of network', { network: 'shared' }, {}],
	] as const)('is another one for another %s', (_name, changes, other) => {
		expect(key(changes, other)).not.toBe(key({}));
		expect(key({})).toMatch(/^[0-9a-f]{64}$/);
	});

	it('is the same for the two networks that passt is', () => {
		expect(key({ network: 'isolated' })).toBe(key({ network: 'shared' }));
	});
});

describe('the command line', () => {
	const command: QemuCommand = {
		...{ architecture: 'amd64', acceleration: 'tcg', size: { cpus: 2, memoryBytes: 2 * GIB } },
		...{ kernel: '/i/vmlinuz', initrd: '/i/initrd', commandLine: 'quiet', disk: '/m/a,b/disk' },
		...{ handed: { bootstrap: '/m/bootstrap' }, network: 'none', networkSocket: '/m/net', port: 4321 },
		address: '02:00:00:00:00:07',
		...{ console: '/m/console', qmp: '/m/qmp', pidFile: '/m/pid' },
	};
	const after = (args: readonly string[], option: string): string | undefined =>
		args[args.indexOf(option) + 1];

	it('closes the network, but for the way in', () => {
		expect(after(qemuArguments(command), '-netdev')).toBe(
			'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:4321-:7000',
		);
	});

	it('has no network of its own where passt is it', () => {
		const netdev = after(qemuArguments({ ...command, network: 'shared' }), '-netdev');
		expect(netdev).toBe('stream,id=net,server=off,addr.type=unix,addr.path=/m/net');
	});

	it('has what a snapshot needs, for the one that it is taken of and for the others alike', () => {
		const of = (role: 'source' | 'copy') => qemuArguments({ ...command, snapshot: { role, port: '/m/ser' } });
		expect(after(of('source'), '-append')).toBe('quiet builder.wait');
		expect(after(of('copy'), '-incoming')).toBe('fd:3');
		const devices = (args: readonly string[]) => args.filter((_, at) => args[at - 1] === '-device');
		expect(devices(of('source'))).toEqual(devices(of('copy')));
		expect(devices(of('copy'))).toContain('vmgenid,guid=auto');
		expect(devices(qemuArguments(command))).not.toContain('vmgenid,guid=auto');
		expect(after(of('source'), '-netdev')).toBe('user,id=net,restrict=on');
	});

	it('writes a comma of a path twice', () => {
		expect(after(qemuArguments(command), '-drive')).toContain('file=/m/a,,b/disk');
	});

	it('has the secret in a file only, and QEMU under its filter', () => {
		const args = qemuArguments(command);
		expect(after(args, '-fw_cfg')).toBe('name=opt/container-builder/bootstrap,file=/m/bootstrap');
		expect(after(args, '-sandbox')).toContain('spawn=deny');
	});

	it.each([
		['tcg', 'max', 'tcg,'],
		['kvm', 'host', 'kvm'],
	] as const)('%s', (acceleration, cpu, accel) => {
		const args = qemuArguments({ ...command, acceleration });
		expect(after(args, '-cpu')).toBe(cpu);
		expect(after(args, '-accel')).toContain(accel);
	});
});

describe('a process', () => {
	it('is told apart from another one of its number, and from what is left of one', async () => {
		const child = spawn('sleep', ['600']);
		await once(child, 'spawn');
		const found = await processIdentity(child.pid ?? 0);
		if (found === undefined) throw new Error('it is there');
		expect(await isRunning(found)).toBe(true);
		expect(await isRunning({ ...found, startTicks: '1' })).toBe(false);
		child.kill('SIGKILL');
		await once(child, 'exit');
		expect(await isRunning(found)).toBe(false);
	});

	it('ends with its group: whoever watches over it, and what it has begun', async () => {
		const child = spawn('timeout', ['600', 'sh', '-c', 'sleep 600 & echo $!; wait'], {
			detached: true,
			stdio: ['ignore', 'pipe', 'ignore'],
		});
		const [line] = (await once(child.stdout, 'data')) as [Buffer];
		const [watching, inner] = await Promise.all([
			processIdentity(child.pid ?? 0),
			processIdentity(Number(line.toString())),
		]);
		if (watching === undefined || inner === undefined) throw new Error('they are there');
		expect(inner.group).toBe(watching.pid);
		await endGroup(inner.group);
		expect([await isRunning(watching), await isRunning(inner)]).toEqual([false, false]);
		await endGroup(inner.group);
	});
});

describe('an image', () => {
	let directory: string;
	beforeEach(async () => {
		directory = await mkdtemp('/tmp/cb-vm-image-');
	});
	afterEach(() => rm(directory, { recursive: true }));
	const manifest = {
		...{ schemaVersion: 1, format: 'raw', id: 'ab'.repeat(32), architecture: 'amd64', createdAt: 'now' },
		...{ disk: { path: 'disk.raw', size: 1 }, kernel: { path: 'vmlinuz' }, initrd: { path: 'initrd' } },
		commandLine: 'quiet',
	};
	const write = async (value: unknown, ...parts: string[]): Promise<void> => {
		await writeFile(join(directory, 'image.json'), typeof value === 'string' ? value : JSON.stringify(value));
		for (const part of parts) await writeFile(join(directory, part), '');
	};

	it('is read', async () => {
		await write(manifest, 'disk.raw', 'vmlinuz', 'initrd');
		expect(await loadVmImage(directory)).toMatchObject({
			...{ manifest, disk: join(directory, 'disk.raw') },
			...{ kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd') },
		});
	});

	it.each([
		['damaged', '{', /not of an image of a virtual machine/],
		['of a sandbox', { ...manifest, format: 'rootfs' }, /not of an image of a virtual machine/],
		['without a part', manifest, /initrd, a part of the image, is missing/],
	])('is refused: %s', async (_name, value, message) => {
		await write(value, 'disk.raw', 'vmlinuz');
		await expect(loadVmImage(directory)).rejects.toMatchObject({
			...{ code: 'builder-image', outcome: 'none', message: expect.stringMatching(message) },
		});
	});

	it('is found by its name, but not out of the directory', () => {
		expect(vmImageDirectory('/images', undefined, undefined)).toBe('/images/current-raw');
		expect(vmImageDirectory('/images', '/one', undefined)).toBe('/one');
		expect(vmImageDirectory('/images', '/one', 'vm-2')).toBe('/images/vm-2');
		expect(vmImageDirectory('/images', '/one', '/elsewhere')).toBe('/elsewhere');
		for (const name of ['../x', '.hidden']) {
			expect(() => vmImageDirectory('/images', undefined, name)).toThrow('is no name of a builder image');
		}
	});
});

describe('the state directory', () => {
	it('is its owner’s alone, and short enough for a socket', async () => {
		const directory = await mkdtemp('/tmp/cb-qemu-state-');
		try {
			const open = join(directory, 'open');
			await mkdir(open, { mode: 0o755 });
			await expect(qemu({ stateDirectory: open }).list({ owner: 'tests' })).rejects.toMatchObject({
				...{ code: 'provider-misconfigured', hint: expect.stringContaining(`chmod 700 ${open}`) },
			});
			const long = join(directory, 'x'.repeat(100));
			await expect(qemu({ stateDirectory: long }).list({ owner: 'tests' })).rejects.toMatchObject({
				...{ code: 'provider-misconfigured', message: expect.stringContaining('is too long') },
			});
			const fresh = qemu({ stateDirectory: join(directory, 'fresh') });
			expect(await fresh.list({ owner: 'tests' })).toEqual([]);
		} finally {
			await rm(directory, { recursive: true });
		}
	});

	it('is rid of what a removal left that was cut short', async () => {
		const directory = await mkdtemp('/tmp/cb-qemu-state-');
		try {
			await mkdir(join(directory, '.going-0123456789abcdef-1-1', 'x'), { recursive: true });
			const filter = { owner: 'tests', keep: new Set<string>(), olderThanMs: 0 };
			expect(await qemu({ stateDirectory: directory }).sweep(filter)).toEqual([]);
			expect(await readdir(directory)).toEqual([]);
		} finally {
			await rm(directory, { recursive: true });
		}
	});

	it('has a directory for each owner and builder', () => {
		const names = [
			machineDirectoryName('a', 'b'),
			machineDirectoryName('a', 'c'),
			machineDirectoryName('ab', ''),
		];
		expect(new Set(names).size).toBe(3);
		for (const name of names) expect(name).toMatch(/^[0-9a-f]{16}$/);
	});
});
