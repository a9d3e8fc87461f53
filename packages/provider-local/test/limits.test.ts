import { readFile } from 'node:fs/promises';
import type { Machine } from '@olcf/container-builder-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readControlGroups } from '../src/control-groups.js';
import { inspectHost } from '../src/index.js';
import { stateTag } from '../src/machine-id.js';
import { cannotRun } from './fixtures/can-run.js';
import { call, run, SandboxSession } from './fixtures/sandbox-session.js';

const MEBIBYTE = 1024 ** 2;
const reason = cannotRun ?? (await missingLimits());
if (cannotRun === undefined && reason !== undefined) console.warn(`limits are not tried: ${reason}`);

describe.skipIf(reason !== undefined)('limits', () => {
	let session: SandboxSession;
	let provider: ReturnType<SandboxSession['provider']>;
	let machine: Machine;
	let neighbour: Machine;
	beforeEach(async () => {
		session = await SandboxSession.open();
		provider = session.provider();
		const limits = { memoryBytes: 256 * MEBIBYTE, processes: 200, diskBytes: 300 * MEBIBYTE, cpus: 0.5 };
		[machine, neighbour] = await Promise.all([
			provider.create(session.request({ limits })),
			provider.create(session.request()),
		]);
	});
	afterEach(async () => {
		await provider.close?.();
		expect(await session.left()).toEqual([]);
		await session.close();
	});

	test('processes: a bomb stops at the limit, and a neighbour does not notice', async () => {
		const bomb = "sh -c 'for i in $(seq 2000); do sleep 600 >/dev/null 2>&1 & done'";
		expect((await run(machine, bomb)).output).toMatch(/Cannot fork/);
		const held = await session.processes();
		expect(held.length).toBeGreaterThan(150);
		expect(held.length).toBeLessThan(260);
		const there = await run(neighbour, 'for i in $(seq 300); do sleep 60 >/dev/null 2>&1 & done; echo fine');
		expect(there).toEqual({ output: 'fine\n', status: '0' });
		expect(JSON.parse(await call(machine, '/')).pid).toBeGreaterThan(1);
	});

	test('memory: what takes too much is killed, and the daemon and a neighbour live', async () => {
		expect((await run(machine, 'tail /dev/zero; echo $?')).output).toContain('137');
		const script = 'node -e "Buffer.alloc(300 * 1024 ** 2, 1); console.log(\'fine\')"';
		expect((await run(machine, script)).output).not.toContain('fine');
		expect((await run(neighbour, script)).output).toBe('fine\n');
		expect(JSON.parse(await call(machine, '/')).pid).toBeGreaterThan(1);
	});

	test('disk: it is full at the limit, and a neighbour has its own', async () => {
		const script = 'dd if=/dev/zero of=/tmp/big bs=1M count=400 2>&1 | tail -1; stat -c %s /tmp/big';
		const full = (await run(machine, script)).output.trim().split('\n').at(-1);
		expect(Number(full)).toBeGreaterThan(200 * MEBIBYTE);
		expect(Number(full)).toBeLessThan(300 * MEBIBYTE);
		expect((await run(machine, 'head -c 4M /dev/zero >/var/tmp/y')).output).toContain('No space left');
		expect((await run(neighbour, script)).output.trim().split('\n').at(-1)).toBe(String(400 * MEBIBYTE));
		expect((await run(machine, 'rm /tmp/big && echo x >/var/tmp/y && cat /var/tmp/y')).output).toBe('x\n');
	});

	test('processor: the share is set', async () => {
		const groups = await readControlGroups();
		const name = `${stateTag(session.stateDirectory)}.${machine.id}`;
		const file =
			groups.version === 1
				? `${groups.hierarchies.cpu}/container-builder/${name}/cpu.cfs_quota_us`
				: `/sys/fs/cgroup/container-builder/${name}/machine/cpu.max`;
		expect(await readFile(file, 'utf8')).toMatch(/^50000\b/);
	});
});

async function missingLimits(): Promise<string | undefined> {
	const { limits } = await inspectHost();
	const missing = ['memoryBytes', 'processes', 'diskBytes', 'cpus'].filter(
		(limit) => !limits.some((found) => found === limit),
	);
	return missing.length === 0 ? undefined : `this machine cannot enforce ${missing.join(', ')}`;
}
