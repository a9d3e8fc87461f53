import { describe, expect, test } from 'vitest';
import { phasesFor } from '../src/output/phases.js';
import { CONTROL_CHARACTERS, Recorder } from './support/recorder.js';

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';

describe('in a pipe', () => {
	test('a phase is one line, its second half when it is known', async () => {
		const stream = new Recorder();
		const phases = await phasesFor(stream, {});
		phases.start('Connecting to BuilderQueue');
		expect(stream.text).toBe('Connecting to BuilderQueue: ');
		phases.done('Connected to queue: q.example');
		phases.done('again');
		expect(stream.text).toBe('Connecting to BuilderQueue: Connected to queue: q.example\n');
	});

	test('what comes in between has a line of its own, once', async () => {
		const stream = new Recorder();
		const phases = await phasesFor(stream, {});
		phases.start('Requesting remote builder');
		phases.update('12 KiB of 1 MiB');
		phases.update('place 2, all builders are busy', { lasting: true });
		phases.update('place 2, all builders are busy', { lasting: true });
		phases.done('Connected to remote builder: b1');
		phases.line('warning: something');
		phases.start('Transferring hello.sif');
		phases.stop();
		expect(stream.text.split('\n')).toEqual([
			'Requesting remote builder: ',
			'place 2, all builders are busy',
			'Connected to remote builder: b1',
			'warning: something',
			'Transferring hello.sif: ',
			'',
		]);
		expect(stream.text).not.toMatch(CONTROL_CHARACTERS);
	});

	test.each([
		['a dumb terminal', { columns: 80, rows: 24 }, 'dumb'],
		['a terminal without a size', { columns: 0, rows: 0 }, 'xterm'],
	])('%s is treated as one', async (_name, size, TERM) => {
		const stream = new Recorder(size);
		const phases = await phasesFor(stream, { TERM });
		phases.start('a');
		phases.done('b');
		expect(stream.text).toBe('a: b\n');
	});
});

describe('on a terminal', () => {
	test('a spinner hides the cursor, and shows it again at the end', async () => {
		const stream = new Recorder({ columns: 80, rows: 24 });
		const phases = await phasesFor(stream, {});
		phases.start('Requesting remote builder');
		expect(stream.text).toContain(HIDE_CURSOR);
		expect(stream.text).toContain('Requesting remote builder');
		phases.update('place 2');
		phases.line('warning: something');
		phases.done('Connected to remote builder: b1');
		const { text } = stream;
		expect(text).toMatch(/Requesting remote builder: Connected to remote builder: b1\n/);
		expect(text).toContain('warning: something\n');
		expect(text.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(text.lastIndexOf(HIDE_CURSOR));
	});

	test('stopping in the middle leaves a clear line and a visible cursor', async () => {
		const stream = new Recorder({ columns: 80, rows: 24 });
		const phases = await phasesFor(stream, {});
		phases.start('Transferring hello.sif');
		phases.stop();
		expect(stream.text.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stream.text.lastIndexOf(HIDE_CURSOR));
		expect(stream.text.lastIndexOf('\u001B[2K')).toBeGreaterThan(stream.text.lastIndexOf('Transferring'));
	});
});
