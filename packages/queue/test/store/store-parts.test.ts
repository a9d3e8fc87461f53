import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lmdbStore } from '../../src/index.js';
import { isGone, parseProcessStat, thisProcess } from '../../src/store/holder-process.js';
import { HolderWatch } from '../../src/store/holder-watch.js';
import { networkFileSystem } from '../../src/store/store-directory.js';
import { decodeKey, encodeKey, keyBehindPrefix } from '../../src/store/store-keys.js';
import { storeDirectories } from './store-directories.js';

const newDirectory = storeDirectories();

describe('a holder is watched', () => {
	it('by the time since its last beat was first seen', () => {
		const watch = new HolderWatch(500);
		const looks: [fence: number, beat: number, now: number, silent: number][] = [
			[7, 0, 1_000, 0],
			[7, 0, 1_250, 250],
			[7, 0, 1_500, 500],
			[7, 1, 1_750, 0],
			[7, 1, 2_000, 250],
			[8, 1, 2_250, 0],
			[8, 1, 2_500, 250],
		];
		for (const [fence, beat, now, silent] of looks) expect(watch.look({ fence, beat }, now)).toBe(silent);
	});

	it('and is given time when the whole machine stood still', () => {
		const watch = new HolderWatch(500);
		watch.look({ fence: 1, beat: 1 }, 0);
		expect(watch.look({ fence: 1, beat: 1 }, 3_600_000)).toBe(500);
	});

	it('never found silent for longer than it was', () => {
		const steps = fc.array(fc.record({ beats: fc.boolean(), after: fc.nat(2_000) }), { minLength: 1 });
		fc.assert(
			fc.property(steps, (all) => {
				const watch = new HolderWatch(500);
				let [now, beat, since] = [0, 0, 0];
				watch.look({ fence: 1, beat }, now);
				for (const { beats, after } of all) {
					now += after;
					if (beats) [beat, since] = [beat + 1, now];
					expect(watch.look({ fence: 1, beat }, now)).toBeLessThanOrEqual(now - since);
				}
			}),
		);
	});
});

describe('a process is found', () => {
	it('by what the kernel says of it', () => {
		const fields = Array.from({ length: 48 }, (_, index) => String(index + 4));
		const text = `12 (a) b (c)) S ${fields.join(' ')}\n`;
		expect(parseProcessStat(text)).toEqual({ pid: 12, state: 'S', startTime: '22' });
		for (const wrong of ['', '12', '12 (a', '12 (a) S 1 2', 'x (a) S']) {
			expect(parseProcessStat(wrong)).toBeUndefined();
		}
	});

	it('alive while it lives, gone when it was killed, also while its parent has not noticed', async () => {
		const self = await thisProcess();
		if (self === null) throw new Error('there is no /proc here');
		expect(self.pid).toBe(process.pid);
		expect(await isGone(self, self)).toBe(false);
		expect(await isGone({ ...self, startTime: '1' }, self)).toBe(true);

		// The shell's child ends when its pipe does, and what the shell has become does not wait for it.
		const parent = spawn('sh', ['-c', 'cat <&3 & echo $!; exec 3<&-; exec sleep 60'], {
			stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
		});
		const pid = Number(String((await once(parent.stdout ?? parent, 'data'))[0]));
		const startTime = parseProcessStat(await readFile(`/proc/${pid}/stat`, 'utf8'))?.startTime ?? '';
		const child = { ...self, pid, startTime };
		expect(await isGone(child, self)).toBe(false);
		expect(await isGone({ ...child, bootId: 'another' }, self)).toBe(false);
		process.kill(pid, 'SIGKILL');
		while (!(await isGone(child, self))) await new Promise((resolve) => setTimeout(resolve, 10));
		expect((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.[0]).toBe('Z');
		parent.kill('SIGKILL');
		await once(parent, 'close');
		while (!(await isGone(child, self))) await new Promise((resolve) => setTimeout(resolve, 10));
	});

	it('neither alive nor gone where that cannot be seen', async () => {
		const self = await thisProcess();
		if (self === null) throw new Error('there is no /proc here');
		const gone = { ...self, startTime: '1' };
		expect(await isGone({ ...gone, bootId: 'another' }, self)).toBe(false);
		expect(await isGone({ ...gone, pidNamespace: 'pid:[1]' }, self)).toBe(false);
		expect(await isGone(gone, null)).toBe(false);
		expect(await isGone(null, self)).toBe(false);
	});
});

describe('keys in the file', () => {
	const key = fc.string({ unit: 'grapheme', maxLength: 200 });

	it('come back, in the order of their UTF-8', () => {
		fc.assert(
			fc.property(key, key, (a, b) => {
				expect(decodeKey(encodeKey('record', a))).toBe(a);
				const order = Math.sign(Buffer.compare(encodeKey('record', a), encodeKey('record', b)));
				expect(order).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
			}),
		);
	});

	it('that begin with a prefix, and no others, are before the key behind it', () => {
		fc.assert(
			fc.property(key, key, (prefix, other) => {
				const end = keyBehindPrefix(encodeKey('record', prefix));
				expect(Buffer.compare(encodeKey('record', prefix + other), end)).toBe(-1);
				const after = other > prefix && !other.startsWith(prefix);
				if (after && Buffer.compare(Buffer.from(other), Buffer.from(prefix)) > 0) {
					expect(Buffer.compare(encodeKey('record', other), end)).toBeGreaterThanOrEqual(0);
				}
			}),
		);
	});
});

it('network file systems are known by their types, also as signed numbers', () => {
	expect([0x6969, 0x0bd00bd0, 0xff534d42, 0xff534d42 | 0].map(networkFileSystem)).toEqual([
		'NFS',
		'Lustre',
		'CIFS',
		'CIFS',
	]);
	expect([0xef53, 0x9123683e, 0x01021994, 0x794c7630].map(networkFileSystem)).toEqual(
		new Array(4).fill(undefined),
	);
});

it('what the store makes is its own alone, and nothing is made before the first call', async () => {
	const directory = join(await newDirectory(), 'in', 'another');
	const store = lmdbStore({ directory });
	await lmdbStore({ directory }).close?.();
	await expect(stat(directory)).rejects.toMatchObject({ code: 'ENOENT' });
	const hold = await store.acquire('name', { ttlMs: 600_000 });
	expect((await stat(directory)).mode & 0o777).toBe(0o700);
	expect((await readdir(directory)).sort()).toEqual(['store.mdb', 'store.mdb-lock']);
	for (const file of await readdir(directory)) {
		expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
	}
	await hold.release();
	await store.close?.();
});
