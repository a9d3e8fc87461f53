/**
 * A process of its own with a store, for tests that stop and kill it: `node store-process.mjs PROGRAM DIRECTORY …`.
 * Tells what it does to its parent, or on stdout where it has no channel to one.
 */
import { isContainerBuilderError } from '@olcf/container-builder-core';
import { lmdbStore } from '../../src/store/lmdb-store.js';
import { encodeValue } from '../../src/store/record-codec.js';
import { shareEnvironment } from '../../src/store/shared-environment.js';
import { encodeKey } from '../../src/store/store-keys.js';

const [program = '', directory = '', ...rest] = process.argv.slice(2);
const store = lmdbStore({ directory });

/** What one of these processes tells. */
export type StoreProcessMessage = Readonly<Record<string, string | number | boolean>>;

function tell(message: StoreProcessMessage): void {
	if (process.send === undefined) process.stdout.write(`${JSON.stringify(message)}\n`);
	else process.send(message);
}

async function outcome(doing: Promise<unknown>): Promise<string> {
	try {
		await doing;
		return 'done';
	} catch (error) {
		return isContainerBuilderError(error) ? `${error.code}: ${error.message}` : String(error);
	}
}

const text = (n: number): string => 'x'.repeat((n * 797) % 20_000);

const programs: Readonly<Record<string, () => Promise<void>>> = {
	/** Opens it and reads all. */
	read: async () => {
		const read = async (): Promise<void> => {
			for await (const [key] of store.list('')) tell({ key });
		};
		tell({ outcome: await outcome(read()) });
		await store.close?.();
	},
	/** Writes records of its own and counts in one that all share, for ever. */
	write: async () => {
		const { fence } = await store.acquire('writer', { ttlMs: 600_000 });
		tell({ fence });
		for (let n = 1; ; n++) {
			const found = await store.get('count');
			const result = await outcome(
				Promise.all([
					store.put(`${fence}/${n}`, { n, text: text(n) }, { ifVersion: null, fence }),
					store.put('count', Number(found?.value ?? 0) + 1, { ifVersion: found?.version ?? null, fence }),
				]),
			);
			if (result !== 'done') {
				tell({ outcome: result });
				return;
			}
			tell({ written: n, length: text(n).length });
		}
	},
	/** Holds a name; writes when it is told `put`, stands still when it is told `stop`. */
	hold: async () => {
		const [name = '', ttlMs] = rest;
		const hold = await store.acquire(name, { ttlMs: Number(ttlMs) });
		const { fence } = hold;
		tell({ fence });
		void hold.lost.then(() => tell({ lost: true }));
		process.on('message', (order) => {
			const put = outcome(
				store.put(`key/${fence}/${process.hrtime.bigint()}`, 1, { ifVersion: null, fence }),
			);
			void put.then((result) => {
				if (order === 'stop') process.kill(process.pid, 'SIGSTOP');
				tell({ put: result });
			});
		});
	},
	/** Stands still in the middle of a write. */
	stop: async () => {
		const { environment } = await shareEnvironment(directory);
		await environment.transact((transaction) => {
			transaction.putRecord(encodeKey('record', 'half'), encodeValue('a write'));
			process.stdout.write('stopping\n');
			process.kill(process.pid, 'SIGSTOP');
		});
	},
	/** Adds 1 to a number so many times. */
	count: async () => {
		const [name = '', times] = rest;
		const { fence } = await store.acquire(name, { ttlMs: 600_000 });
		for (let left = Number(times); left > 0; ) {
			const found = await store.get('counter');
			const value = Number(found?.value ?? 0) + 1;
			if (
				(await outcome(store.put('counter', value, { ifVersion: found?.version ?? null, fence }))) === 'done'
			)
				left--;
		}
		tell({ outcome: 'done' });
		await store.close?.();
		process.disconnect?.();
	},
	/** Waits for a name, then ends without releasing it. */
	wait: async () => {
		const [name = ''] = rest;
		tell({ waiting: true });
		const { fence } = await store.acquire(name, { ttlMs: 600_000 });
		tell({ fence });
	},
};

await programs[program]?.();
