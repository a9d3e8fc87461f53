import { memoryStore } from '@olcf/container-builder-core';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/queue/records/ledger.js';

it('asks for what is written late, once for all that ask meanwhile', async () => {
	const store = memoryStore();
	const ledger = new Ledger(store, 'test');
	await ledger.open(new AbortController().signal, () => {});
	let asked = 0;
	const write = (): Promise<void> => ledger.write('usage', () => ++asked);
	await Promise.all([write(), write(), write(), write()]);
	expect(asked).toBe(2);
	expect((await store.get('queue/test/usage'))?.value).toBe(2);
	await expect(
		ledger.write('usage', () => {
			throw new Error('it cannot be told');
		}),
	).rejects.toThrow('it cannot be told');
	await write();
	expect((await store.get('queue/test/usage'))?.value).toBe(3);
	await ledger.close();
});
