import { Readable } from 'node:stream';
import type { BuildEvent } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { buildReporter } from '../../src/output/build-reporter.js';
import { Recorder } from '../support/recorder.js';

const DROPPED = { type: 'output-dropped', offset: 4, size: 5, buildId: 'b', sequence: 2, time: '' } as const;
const KEPT = Buffer.from('all of what was said');

async function report(output: Recorder, log: { path: string | undefined }, ...events: readonly BuildEvent[]) {
	const lines: string[] = [];
	const nothing = (): void => {};
	const tell = buildReporter({
		phases: {
			start: nothing,
			update: nothing,
			done: nothing,
			stop: nothing,
			line: (text) => void lines.push(text),
		},
		output,
		log: {
			path: log.path,
			read: async (offset, size) =>
				log.path === undefined ? undefined : Readable.from([KEPT.subarray(offset, offset + size)]),
		},
		queueHost: 'q',
		image: 'image.sif',
	});
	for (const event of events) await tell(event);
	return lines;
}

test('what came too fast for a pipe is taken from the log', async () => {
	const output = new Recorder();
	expect(await report(output, { path: '/state/b.log' }, DROPPED)).toEqual([]);
	expect(output.text).toBe('of wh');
});

test('what came too fast for a terminal is left out, which is told with where all of it is', async () => {
	const output = new Recorder({ columns: 80, rows: 24 });
	expect(await report(output, { path: '/state/b.log' }, DROPPED)).toEqual([
		'warning: 5 bytes of the output came too fast and are left out here; all of it: /state/b.log',
	]);
	expect(output.text).toBe('');
});

test('what nobody has kept is told to be left out', async () => {
	expect(await report(new Recorder(), { path: undefined }, DROPPED)).toEqual([
		'warning: 5 bytes of the output came too fast and are left out here',
	]);
});
