import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildEventLineSchema } from '@olcf/container-builder-core/protocol';
import { describe, expect, test } from 'vitest';
import { containerBuilder } from '../src/commands/container-builder.js';
import { type CallOptions, CONTROL_CHARACTERS, run } from './support/recorder.js';
import { startSite } from './support/site.js';

const TERMINAL = { columns: 100, rows: 30 };

async function build(backend: string, options: readonly string[], call: CallOptions = {}) {
	const site = await startSite({ backend });
	const directory = join(site.directory, 'work');
	mkdirSync(directory);
	writeFileSync(join(directory, 'hello.def'), 'Bootstrap: scratch\n');
	const argv = ['--queue', site.url, ...options, 'hello.sif', 'hello.def'];
	return await run(containerBuilder, argv, { ...call, directory });
}

const eventsOf = (stdout: string) =>
	stdout
		.trimEnd()
		.split('\n')
		.map((line) => buildEventLineSchema.parse(JSON.parse(line)));

describe('--progress', () => {
	test('json: each event is a line as the schema has it, the output byte for byte', async () => {
		const backend = String.raw`printf 'one\n\303\244\377\n'; cp "$DEFINITION" "$IMAGE"`;
		const { status, stdout, stderr } = await build(backend, ['--progress', 'json']);
		expect(status, stderr).toBe(0);
		expect(stderr).toBe('');
		const events = eventsOf(stdout);
		expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
		expect(events[0]).toMatchObject({ type: 'build-start', kind: 'apptainer' });
		expect(events.at(-1)).toMatchObject({ type: 'build-end', status: 'succeeded' });
		const output = events.flatMap((event) =>
			event.type === 'output' ? [Buffer.from(event.bytes, 'base64')] : [],
		);
		expect(Buffer.concat(output)).toEqual(Buffer.concat([Buffer.from('one\nä'), Buffer.from([0xff, 0x0a])]));
	});

	test('json: a failure is the last event, and is told on stderr too', async () => {
		const { status, stdout, stderr } = await build('exit 3', ['--progress', 'json']);
		expect(status).toBe(1);
		expect(eventsOf(stdout).at(-1)).toMatchObject({ status: 'failed', error: { code: 'build-failed' } });
		expect(stderr).toMatch(/^error: /);
	});

	test.each([['--json'], ['--detach']])('json excludes %s', async (other) => {
		const { status, stderr } = await build('true', ['--progress', 'json', other]);
		expect(status).toBe(2);
		expect(stderr).toContain(`--progress json and ${other} exclude each other`);
	});

	test('quiet: the output, and nothing else', async () => {
		const backend = 'echo working; cp "$DEFINITION" "$IMAGE"';
		const { status, stdout, stderr } = await build(backend, ['--progress', 'quiet'], { terminal: TERMINAL });
		expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
		expect(stdout).toMatch(/^working\r?\n$/);
	});

	test('quiet: errors are told', async () => {
		const { status, stderr } = await build('exit 3', ['--progress', 'quiet']);
		expect(status).toBe(1);
		expect(stderr.match(/^error: /gm)).toHaveLength(1);
	});

	test('plain: lines on a terminal too', async () => {
		const { stderr } = await build('cp "$DEFINITION" "$IMAGE"', ['--progress', 'plain'], {
			terminal: TERMINAL,
		});
		expect(stderr).not.toMatch(CONTROL_CHARACTERS);
		expect(stderr).toMatch(/^Transferring hello\.sif: Completed$/m);
	});

	test('tty: a spinner wherever it goes', async () => {
		const { stderr } = await build('cp "$DEFINITION" "$IMAGE"', ['--progress', 'tty']);
		expect(stderr).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Connecting to BuilderQueue/);
	});
});
