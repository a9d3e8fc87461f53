import type { BuildEvent } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLog } from '../../src/build/event-log.js';

const MIB = 2 ** 20;

async function readAll(log: EventLog): Promise<BuildEvent[]> {
	const events: BuildEvent[] = [];
	for await (const event of log.read()) events.push(event);
	return events;
}

/** The output that a reader got, with what it was told to be missing in front. */
function outputOf(events: readonly BuildEvent[]): { readonly from: number; readonly bytes: Buffer } {
	let from = 0;
	const parts: Uint8Array[] = [];
	for (const event of events) {
		if (event.type === 'output-dropped') {
			expect(parts).toEqual([]);
			expect(event.offset).toBe(from);
			from += event.size;
		}
		if (event.type !== 'output') continue;
		expect(event.offset).toBe(from + Buffer.concat(parts).length);
		parts.push(event.bytes);
	}
	return { from, bytes: Buffer.concat(parts) };
}

test('lifecycle events are kept, of output the last 4 MiB, with one marker', async () => {
	const log = new EventLog('build');
	const total = 20 * MIB;
	const all = Buffer.alloc(total);
	for (let at = 0; at < total; at += 4) all.writeUInt32LE(at, at);
	log.append({ type: 'state', state: 'queued' });
	for (let at = 0; at < total; at += 50_000) {
		log.append({ type: 'output', offset: at, bytes: all.subarray(at, at + 50_000) });
		if (at % 5_000_000 === 0) log.append({ type: 'warning', message: String(at) });
	}
	log.append({ type: 'state', state: 'built' });
	log.close();
	const events = await readAll(log);
	expect(events.filter(({ type }) => type === 'output-dropped')).toHaveLength(1);
	expect(events.filter(({ type }) => type === 'warning')).toHaveLength(5);
	expect(events.filter(({ type }) => type === 'state')).toHaveLength(2);
	const { from, bytes } = outputOf(events);
	expect(bytes.length).toBeGreaterThanOrEqual(4 * MIB);
	expect(bytes.length).toBeLessThanOrEqual(5 * MIB + 50_000);
	expect(all.subarray(from).equals(bytes)).toBe(true);
});

test('many small pieces are put together', async () => {
	const log = new EventLog('build');
	for (let at = 0; at < 100_000; at++)
		log.append({ type: 'output', offset: at, bytes: Buffer.from([at & 255]) });
	log.close();
	const events = await readAll(log);
	expect(events.length).toBeLessThan(10_000);
	const { from, bytes } = outputOf(events);
	expect([from, bytes.length]).toEqual([0, 100_000]);
});

test('of progress only the newest stays', async () => {
	const log = new EventLog('build');
	for (let sentBytes = 0; sentBytes <= 1000; sentBytes++)
		log.append({ type: 'upload-progress', sentBytes, size: 1000 });
	log.close();
	expect(await readAll(log)).toMatchObject([{ sentBytes: 1000, sequence: 1001 }]);
});

test('a slow reader gets everything once, or is told what it missed', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(fc.integer({ min: 1, max: 900_000 }), fc.boolean()), { minLength: 1, maxLength: 40 }),
			fc.integer({ min: 1, max: 10 }),
			async (pieces, readEvery) => {
				const log = new EventLog('build');
				const reader = log.read();
				const got: BuildEvent[] = [];
				const all: Buffer[] = [];
				let offset = 0;
				for (const [index, [size, warns]] of pieces.entries()) {
					const bytes = Buffer.alloc(size, index + 1);
					all.push(bytes);
					log.append({ type: 'output', offset, bytes });
					offset += size;
					if (warns) log.append({ type: 'warning', message: 'w' });
					if (index % readEvery !== 0) continue;
					const { value } = await reader.next();
					if (value) got.push(value);
				}
				log.close();
				for await (const event of reader) got.push(event);
				expect(got.filter(({ type }) => type === 'warning')).toHaveLength(
					pieces.filter(([, warns]) => warns).length,
				);
				const whole = Buffer.concat(all);
				let at = 0;
				for (const event of got) {
					if (event.type === 'output') {
						expect(event.offset).toBe(at);
						expect(whole.subarray(at, at + event.bytes.length).equals(event.bytes)).toBe(true);
						at += event.bytes.length;
					} else if (event.type === 'output-dropped') {
						expect(event.offset).toBe(at);
						at += event.size;
					}
				}
				expect(at).toBe(whole.length);
				const sequences = got.map(({ sequence }) => sequence);
				expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
			},
		),
		{ numRuns: 40 },
	);
});

test('readers end with the error that the log was closed with', async () => {
	const log = new EventLog('build');
	const waiting = readAll(log);
	log.append({ type: 'state', state: 'failed' });
	log.close(new Error('the end'));
	await expect(waiting).rejects.toThrow('the end');
	await expect(readAll(log)).rejects.toThrow('the end');
});
