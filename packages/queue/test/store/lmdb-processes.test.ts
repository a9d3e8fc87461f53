import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@olcf/container-builder-core';
import { afterEach, describe, expect, it } from 'vitest';
import { lmdbStore } from '../../src/index.js';
import { storeDirectories } from './store-directories.js';
import { type StoreProcess, storeProcesses } from './store-processes.js';

const newDirectory = storeDirectories();
const { start, startUnder } = storeProcesses();

let stores: Store[] = [];
afterEach(async () => {
	for (const store of stores) await store.close?.();
	stores = [];
});

function open(directory: string): Store {
	const store = lmdbStore({ directory });
	stores.push(store);
	return store;
}

async function has(process: StoreProcess, count: number, member: string): Promise<void> {
	while (process.messages.filter((message) => member in message).length < count) {
		await once(process.child, 'message');
	}
}

describe('the store of LMDB, in several processes', () => {
	it('loses nothing that was acknowledged, and has nothing half, when a writer is killed', async () => {
		const directory = await newDirectory();
		let acknowledged = 0;
		for (const [round, writes] of [1, 20, 35, 50, 77].entries()) {
			const writer = start('write', directory);
			await has(writer, writes, 'written');
			await sleep(round);
			writer.child.kill('SIGKILL');
			expect(await writer.ended).toBe('SIGKILL');
			const { fence } = await writer.next('fence');

			const store = open(directory);
			const told = writer.messages.filter((message) => 'written' in message);
			for (const { written, length } of told) {
				const record = await store.get(`${fence}/${written}`);
				expect(record?.value).toEqual({ n: written, text: 'x'.repeat(Number(length)) });
			}
			const found: number[] = [];
			for await (const [, { value }] of store.list(`${fence}/`)) found.push((value as { n: number }).n);
			found.sort((a, b) => a - b);
			// Both writes of a round are there or neither; one round may have had no time to be told.
			expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index + 1));
			expect(found.length - told.length).toBeGreaterThanOrEqual(0);
			acknowledged += found.length;
			expect((await store.get('count'))?.value).toBe(acknowledged);
			await store.close?.();
		}
	}, 60_000);

	it('gives the hold of a killed process to who waits, long before its time is over', async () => {
		const directory = await newDirectory();
		const holder = start('hold', directory, 'name', '600000');
		const { fence } = await holder.next('fence');
		const store = open(directory);
		const waiting = store.acquire('name', { ttlMs: 600_000 });
		// It is looked at again and again by now.
		await sleep(600);
		const before = performance.now();
		holder.child.kill('SIGKILL');
		const hold = await waiting;
		console.log(`taken over ${(performance.now() - before).toFixed(0)} ms after kill -9`);
		expect(hold.fence).toBeGreaterThan(Number(fence));
		const late = store.put('a', 1, { ifVersion: null, fence: Number(fence) });
		await expect(late).rejects.toMatchObject({ code: 'store-conflict' });
		await store.put('a', 1, { ifVersion: null, fence: hold.fence });
	});

	it('has one winner where processes wait for one that is killed', async () => {
		const directory = await newDirectory();
		const holder = start('hold', directory, 'name', '600000');
		await holder.next('fence');
		const waiting = Array.from({ length: 3 }, () => start('hold', directory, 'name', '600000'));
		const store = open(directory);
		const here = store.acquire('name', { ttlMs: 600_000 });
		await sleep(500);
		holder.child.kill('SIGKILL');
		const fences = new Set([Number((await holder.next('fence')).fence)]);
		let left: StoreProcess[] = waiting;
		let mine = false;
		void here.then(() => {
			mine = true;
		});
		while (left.length > 0 || !mine) {
			const winner = await Promise.race([
				...left.map((process) =>
					process.next('fence').then(({ fence }) => ({ process, fence: Number(fence) })),
				),
				...(mine ? [] : [here.then(({ fence }) => ({ process: undefined, fence }))]),
			]);
			await sleep(600);
			const holders = left.filter(({ messages }) => messages.length > 0).length;
			expect(holders + (winner.process === undefined ? 1 : 0)).toBe(1);
			fences.add(winner.fence);
			if (winner.process === undefined) await (await here).release();
			else winner.process.child.kill('SIGKILL');
			left = left.filter((process) => process !== winner.process);
		}
		expect(fences.size).toBe(5);
	}, 60_000);

	it('refuses the writes of a process that stood still for too long, and tells it', async () => {
		const directory = await newDirectory();
		const holder = start('hold', directory, 'name', '3000');
		const { fence } = await holder.next('fence');
		holder.child.send('stop');
		const store = open(directory);
		const hold = await store.acquire('name', { ttlMs: 600_000 });
		expect(hold.fence).toBeGreaterThan(Number(fence));
		expect(holder.messages.filter((message) => 'lost' in message)).toEqual([]);
		await store.put('a', 1, { ifVersion: null, fence: hold.fence });
		holder.child.send('put');
		holder.child.kill('SIGCONT');
		await has(holder, 2, 'put');
		const [before, after] = holder.messages.filter((message) => 'put' in message);
		expect(before?.put).toBe('done');
		expect(after?.put).toMatch(/^store-conflict: /);
		await holder.next('lost');
		await store.put('b', 1, { ifVersion: null, fence: hold.fence });
	}, 60_000);

	it('tells a process that stood still, also where it does not write', async () => {
		const directory = await newDirectory();
		const holder = start('hold', directory, 'name', '3000');
		await holder.next('fence');
		holder.child.send('stop');
		await open(directory).acquire('name', { ttlMs: 600_000 });
		holder.child.kill('SIGCONT');
		await holder.next('lost');
	}, 60_000);

	it('waits for a process that stands still in the middle of a write, and goes on when that is killed', async () => {
		const store = open(await newDirectory());
		const directory = await newDirectory();
		const blocked = open(directory);
		await blocked.get('half');
		const stopped = start('stop', directory);
		while (!stopped.output().includes('stopping')) await sleep(20);
		const reading = blocked.get('half');
		const controller = new AbortController();
		const acquiring = blocked.acquire('name', { ttlMs: 600_000, signal: controller.signal });
		// Others do not wait, nor who has changed his mind.
		await store.get('a');
		setTimeout(() => controller.abort(), 100);
		await expect(acquiring).rejects.toMatchObject({ code: 'canceled' });
		stopped.child.kill('SIGKILL');
		expect(await reading).toBeUndefined();
		await (await blocked.acquire('name', { ttlMs: 600_000 })).release();
	}, 60_000);

	it('counts right: 8 processes add 1 a hundred times each', async () => {
		const directory = await newDirectory();
		const counting = Array.from({ length: 8 }, (_, index) =>
			start('count', directory, `counter ${index}`, '100'),
		);
		expect(await Promise.all(counting.map(({ ended }) => ended))).toEqual(new Array(8).fill(0));
		expect((await open(directory).get('counter'))?.value).toBe(800);
	}, 120_000);

	it('keeps a process alive that waits, and not one that only holds', async () => {
		const directory = await newDirectory();
		const store = open(directory);
		const hold = await store.acquire('name', { ttlMs: 600_000 });
		const waiting = startUnder(['env'], 'wait', directory, 'name');
		let ended = false;
		void waiting.ended.then(() => {
			ended = true;
		});
		while (!waiting.output().includes('waiting')) await sleep(20);
		await sleep(1_500);
		expect(ended).toBe(false);
		await hold.release();
		expect(await waiting.ended).toBe(0);
		expect(waiting.output()).toContain('fence');
		await store.acquire('name', { ttlMs: 600_000 });
	}, 60_000);

	const unshare = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc'];
	const canUnshare = spawnSync('unshare', [...unshare.slice(1), 'true']).status === 0;

	it.skipIf(!canUnshare)(
		'works in containers, whose processes have the same number',
		async () => {
			const directory = await newDirectory();
			const counting = Array.from({ length: 3 }, (_, index) =>
				startUnder(unshare, 'count', directory, `counter ${index}`, '50'),
			);
			expect(await Promise.all(counting.map(({ ended }) => ended))).toEqual([0, 0, 0]);
			expect((await open(directory).get('counter'))?.value).toBe(150);
		},
		60_000,
	);

	it('tells when its disk is full, and goes on when it is not', async () => {
		const directory = await newDirectory();
		const writer = startUnder(['sh', '-c', 'ulimit -f 32000; exec "$@"', 'sh'], 'write', directory);
		expect(await writer.ended).toBe(0);
		expect(writer.output()).toContain('resource-limit: ');
		const store = open(directory);
		const written = writer.output().match(/"written"/g)?.length;
		expect((await store.get('count'))?.value).toBe(written);
		const { fence } = await store.acquire('writer', { ttlMs: 600_000 });
		await store.put('a', 'x'.repeat(1_000_000), { ifVersion: null, fence });
	}, 60_000);
});
