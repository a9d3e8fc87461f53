import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findVmImage } from '@olcf/container-builder-builder';
import type { MachineRequest } from '@olcf/container-builder-core';
import { qemu } from '@olcf/container-builder-provider-qemu';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { carriers, vmRequest as request, vmImage } from '../support/virtual-machines.js';

let image: string;
beforeAll(async () => {
	const made = await vmImage();
	image = made.path;
	expect(await findVmImage({ format: 'raw' })).toMatchObject({ path: image, manifest: made.manifest });
});

describe('the provider', () => {
	for (const [kind, options] of Object.entries({
		'resumed, tethered': { tether: true },
		'booted, untethered': { tether: false, snapshots: false },
	})) {
		testProvider({
			test: (name, run) => test(`${name} (${kind})`, run, 120_000),
			setup: async () => {
				const stateDirectory = await mkdtemp('/tmp/cb-qemu-');
				return {
					provider: qemu({ image, stateDirectory, acceleration: 'tcg', ...options }),
					teardown: async () => {
						expect(carriers(stateDirectory)).toEqual([]);
						expect(readdirSync(stateDirectory)).toEqual([]);
						await rm(stateDirectory, { recursive: true });
					},
				};
			},
		});
	}

	describe('with machines that go wrong', () => {
		let stateDirectory: string;
		beforeAll(async () => {
			stateDirectory = await mkdtemp('/tmp/cb-qemu-');
		});
		afterAll(() => rm(stateDirectory, { recursive: true, force: true }));
		it('a killed QEMU is a failed machine', async () => {
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			await provider.create(request('b1', { network: 'shared' }));
			const pids = carriers(stateDirectory);
			expect(pids.length).toBeGreaterThan(1);
			for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
			await expect
				.poll(async () => (await provider.list({ owner: 'tests' }))[0])
				.toMatchObject({ state: 'failed', fault: expect.stringContaining('the machine has ended') });
			await provider.destroy({ owner: 'tests', builderId: 'b1' });
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('its lifetime ends it', async () => {
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			await provider.create(request('b2', { lifetimeMs: 1_000 }));
			await expect
				.poll(async () => (await provider.list({ owner: 'tests' }))[0]?.state, { timeout: 10_000 })
				.toBe('failed');
			await provider.close?.();
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('one of an earlier process is found and swept by the next', async () => {
			const before = qemu({ image, stateDirectory, acceleration: 'tcg', tether: false });
			const made = await before.create(request('b3'));
			await before.close?.();
			const next = qemu({ image, stateDirectory, acceleration: 'tcg', tether: false });
			expect(await next.list({ owner: 'tests' })).toEqual([made]);
			expect(await next.sweep({ owner: 'tests', keep: new Set(), olderThanMs: 0 })).toEqual([
				{ kind: 'machine', id: made.id },
			]);
			expect(carriers(stateDirectory)).toEqual([]);
		});

		it('what a process left that was killed before it had written a record is swept', async () => {
			const left = join(stateDirectory, '0123456789abcdef');
			mkdirSync(left);
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg' });
			const sweep = () => provider.sweep({ owner: 'tests', keep: new Set(), olderThanMs: 0 });
			expect(await sweep()).toEqual([]);
			utimesSync(left, 0, 0);
			expect(await sweep()).toEqual([{ kind: 'directory', id: '0123456789abcdef' }]);
			expect(readdirSync(stateDirectory)).toEqual([]);
		});

		it('takes another port where somebody was faster', async () => {
			const directory = await mkdtemp('/tmp/cb-qemu-program-');
			const program = join(directory, 'qemu');
			writeFileSync(
				program,
				`#!/bin/sh
port=$(echo "$*" | sed -n 's/.*hostfwd=tcp:127.0.0.1:\\([0-9]*\\)-.*/\\1/p')
if [ -n "$port" ] && mkdir ${directory}/taken 2>/dev/null; then
	echo "$port" >${directory}/port
	socat -u TCP-LISTEN:"$port",bind=127.0.0.1 STDOUT &
	sleep 0.5
fi
exec qemu-system-x86_64 "$@"
`,
				{ mode: 0o755 },
			);
			const provider = qemu({ image, stateDirectory, acceleration: 'tcg', program });
			const { state, endpoint } = await provider.create(request('b5'));
			expect(state).toBe('running');
			expect(Number(readFileSync(join(directory, 'port'), 'utf8'))).toBeGreaterThan(0);
			expect(endpoint?.url).not.toContain(readFileSync(join(directory, 'port'), 'utf8').trim());
			await provider.close?.();
			expect(readdirSync(stateDirectory)).toEqual([]);
			await rm(directory, { recursive: true });
		});

		it('says what is missing', async () => {
			const create = (options: Parameters<typeof qemu>[0], changes: Partial<MachineRequest> = {}) =>
				qemu({ image, stateDirectory, acceleration: 'tcg', ...options }).create(request('b4', changes));
			await expect(create({ image: '/nowhere' })).rejects.toMatchObject({
				code: 'builder-image',
				message: 'there is no image of a virtual machine at /nowhere',
				hint: 'Make one, as root: cb-image make --format raw',
				outcome: 'none',
			});
			await expect(create({ program: 'qemu-system-none' })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				hint: 'Run as root: apt-get install qemu-system-x86 qemu-utils',
			});
			await expect(create({}, { flavor: 'huge' })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				message: "there is no flavor 'huge'",
			});
			await expect(create({ flavors: { default: { diskBytes: 2 ** 30 } } })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				message: "a disk of 1024 MiB is too small for the image's 8256 MiB",
			});
			expect(readdirSync(stateDirectory)).toEqual([]);
		});
	});
});
