import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine, MachineRequest, Provider } from '@olcf/container-builder-core';
import { type QemuOptions, qemu } from '@olcf/container-builder-provider-qemu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carriers, kilobytesOf, vmRequest as request, vmImage } from '../support/virtual-machines.js';

const GIB = 2 ** 30;

describe('machines of a snapshot', () => {
	let image: string;
	let directory: string;
	let stateDirectory: string;
	let snapshotDirectory: string;
	beforeAll(async () => {
		image = (await vmImage()).path;
		directory = await mkdtemp('/tmp/cb-qemu-');
		stateDirectory = join(directory, 'machines');
		snapshotDirectory = join(directory, 'snapshots');
	});
	afterAll(async () => {
		expect(carriers(directory)).toEqual([]);
		expect(readdirSync(stateDirectory)).toEqual([]);
		await rm(directory, { recursive: true });
	});
	const provider = (options: QemuOptions = {}): Provider =>
		qemu({ image, stateDirectory, snapshotDirectory, acceleration: 'tcg', ...options });
	/** Makes a machine, and gives what was said meanwhile. */
	const create = async (of: Provider, one: MachineRequest): Promise<{ machine: Machine; said: string[] }> => {
		const said: string[] = [];
		const began = performance.now();
		const machine = await of.create(one, { onProgress: (text) => said.push(text) });
		expect(machine.state).toBe('running');
		globalThis.console.log(
			`${one.builderId}: ${(performance.now() - began).toFixed(0)} ms ${said.join('; ')}`,
		);
		return { machine, said };
	};
	const console = async (of: Provider, { id }: Machine): Promise<string> => (await of.console?.(id)) ?? '';
	const stateFile = (): string => {
		const [name = '', ...others] = readdirSync(snapshotDirectory);
		expect(others).toEqual([]);
		return join(snapshotDirectory, name, 'state');
	};

	it('one is booted, all go on from there', async () => {
		const one = provider();
		const first = await create(one, request('s1'));
		expect(first.said).toEqual(['booting a machine to take a snapshot of it']);
		const second = await create(one, request('s2'));
		const third = await create(provider(), request('s3'));
		expect([second.said, third.said]).toEqual([[], []]);
		for (const { machine } of [first, second, third]) {
			expect(await console(one, machine)).toMatch(/resumed as 02(:[0-9a-f]{2}){5} /);
		}
		for (const builderId of ['s1', 's2', 's3']) await one.destroy({ owner: 'tests', builderId });
	});

	it('a damaged one is found, and made anew', async () => {
		const bytes = readFileSync(stateFile());
		bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
		writeFileSync(stateFile(), bytes);
		const one = provider();
		const { machine, said } = await create(one, request('s4'));
		expect(said).toEqual(['the snapshot is damaged: booting a machine to take a snapshot of it']);
		expect(await console(one, machine)).toContain('resumed as');
		await one.close?.();
	});

	it('one that is of no use when it is taken: the machine boots, and it is said', async () => {
		const one = provider();
		await create(one, request('s5'));
		truncateSync(stateFile(), statSync(stateFile()).size >> 1);
		const { machine, said } = await create(one, request('s6'));
		expect(said).toEqual([expect.stringContaining('booting, which takes longer: ')]);
		await expect.poll(() => console(one, machine), { timeout: 60_000 }).toContain('starting the daemon');
		expect(await console(one, machine)).not.toContain('resumed as');
		expect(readdirSync(snapshotDirectory)).toEqual([]);
		// And so does the next one, for a while.
		const { said: next } = await create(one, request('s7'));
		expect(next).toEqual(said);
		await one.close?.();
	});

	it('none, where they are not wanted', async () => {
		const one = provider({ snapshots: false });
		const { said } = await create(one, request('s8'));
		expect(said).toEqual([]);
		expect(readdirSync(snapshotDirectory)).toEqual([]);
		await one.close?.();
	});

	it('have the disk of their flavor', async () => {
		const one = provider({ flavors: { default: { diskBytes: 12 * GIB } } });
		const { machine } = await create(one, request('s9'));
		expect(await console(one, machine)).toContain('resumed as');
		const [name = ''] = readdirSync(stateDirectory);
		const words = ['info', '-U', '--output=json', join(stateDirectory, name, 'disk.qcow2')];
		expect(JSON.parse(execFileSync('qemu-img', words).toString())).toMatchObject({
			'virtual-size': 12 * GIB,
		});
		await one.close?.();
		const booted = provider({ flavors: { default: { diskBytes: 12 * GIB } }, snapshots: false });
		const { machine: other } = await create(booted, request('s10'));
		await expect.poll(() => console(booted, other), { timeout: 60_000 }).toContain('the disk has 12224 MiB');
		await booted.close?.();
	});

	it('on a full disk: an error, and nothing is left', async () => {
		const full = join(directory, 'full');
		mkdirSync(full, { mode: 0o700 });
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32k,mode=700', 'tmpfs', full]);
		try {
			const one = provider({ stateDirectory: full });
			await expect(one.create(request('s11'))).rejects.toMatchObject({
				code: 'provider-unavailable',
				message: expect.stringMatching(/^the disk cannot be made: .*No space left on device/),
			});
			expect(readdirSync(full)).toEqual([]);
		} finally {
			execFileSync('umount', [full]);
		}
	});

	it('200 machines, 8 at a time, leave nothing', async () => {
		const one = provider();
		const all = Array.from({ length: 200 }, (_, number) => request(`many-${number}`));
		const began = performance.now();
		let kilobytes = 0;
		const cycle = async (each: MachineRequest): Promise<void> => {
			const { endpoint } = await one.create(each);
			expect(endpoint?.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
			kilobytes = Math.max(kilobytes, kilobytesOf(stateDirectory));
			await one.destroy(each);
		};
		const next = all.values();
		await Promise.all(
			Array.from({ length: 8 }, async () => {
				for (const each of next) await cycle(each);
			}),
		);
		globalThis.console.log(
			`200 machines in ${((performance.now() - began) / 1_000).toFixed(1)} s, at most ${kilobytes} KiB on the disk`,
		);
		expect(await one.list({ owner: 'tests' })).toEqual([]);
		expect(carriers(stateDirectory)).toEqual([]);
		expect(readdirSync(stateDirectory)).toEqual([]);
	});
});
