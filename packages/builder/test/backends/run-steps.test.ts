import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendOptions, TerminalSize } from '@olcf/container-builder-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSteps, type Step } from '../../src/backends/run-steps.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-run-steps-test-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

function step(text: string, failure = 'it failed', terminal?: TerminalSize): Step {
	return {
		request: {
			command: ['/bin/sh', '-c', text],
			directory,
			environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
			terminal,
			scratchDirectory: directory,
			graceMs: 10_000,
		},
		failure,
	};
}

/** Runs them, and tells of all that was called back. */
async function run(steps: readonly [Step, ...Step[]], options: Partial<BackendOptions> = {}) {
	let output = '';
	const started: (readonly string[])[] = [];
	const result = await runSteps(steps, {
		onStart: (command) => started.push(command),
		onOutput: async (chunk) => {
			output += Buffer.from(chunk).toString();
		},
		...options,
	});
	return { result, started, output };
}

describe('runSteps', () => {
	it('runs one after the other, their output one', async () => {
		const steps: [Step, ...Step[]] = [step('echo one; : > a'), step('ls; echo two >&2'), step('echo three')];
		const { result, started, output } = await run(steps);
		expect(result).toEqual({ exitCode: 0, signal: null });
		expect(output).toBe('one\na\ntwo\nthree\n');
		expect(started).toEqual([['/bin/sh', '-c', 'echo one; : > a']]);
	});

	it('stops at the first that fails, and says which', async () => {
		const { result, output } = await run([
			step('echo one', 'the first failed'),
			step('echo two; exit 42', 'the second failed'),
			step(': > third', 'the third failed'),
		]);
		expect(result).toEqual({ exitCode: 42, signal: null });
		expect(output).toBe('one\ntwo\nthe second failed\n');
		expect(await readdir(directory)).toEqual([]);
	});

	it('stops at one that is killed', async () => {
		const { result, output } = await run([step('kill -KILL $$'), step(': > second')]);
		expect(result).toEqual({ exitCode: null, signal: 'SIGKILL' });
		expect(output).toBe('it failed\n');
		expect(await readdir(directory)).toEqual([]);
	});

	it('rejects where one cannot be started', async () => {
		const second = step('');
		const steps: [Step, ...Step[]] = [
			step('true'),
			{ ...second, request: { ...second.request, command: ['/nowhere/program'] } },
		];
		await expect(run(steps)).rejects.toMatchObject({ code: 'backend-failed' });
	});

	it('says nothing of a failure that was asked for', async () => {
		const controller = new AbortController();
		let output = '';
		const { result } = await run(
			[step('trap "exit 9" TERM; echo ready; while :; do sleep 0.02; done'), step('')],
			{
				signal: controller.signal,
				onOutput: (chunk) => {
					output += Buffer.from(chunk).toString();
					if (output === 'ready\n') controller.abort();
				},
			},
		);
		expect(result).toEqual({ exitCode: 9, signal: null });
		expect(output).not.toContain('it failed');
	});

	it('starts none any more once it was asked to end', async () => {
		const controller = new AbortController();
		const running = run(
			[step('trap "exit 0" TERM; echo ready; while :; do sleep 0.02; done'), step(': > second')],
			{
				signal: controller.signal,
				onOutput: () => controller.abort(),
			},
		);
		await expect(running).rejects.toMatchObject({ code: 'canceled' });
		expect(await readdir(directory)).toEqual([]);
	});

	it('has ends of lines for a terminal where there is one, and the size that it has by then', async () => {
		const size = { columns: 80, rows: 24 };
		let resize: ((size: TerminalSize) => void) | undefined;
		let output = '';
		const wait = 'trap "stty size < /dev/tty; exit 0" WINCH; echo ready; while :; do sleep 0.02; done';
		const { result } = await run(
			[step(wait, '', size), step('stty size < /dev/tty; exit 3', 'it failed', size)],
			{
				onResize: (listener) => {
					resize = listener;
				},
				onOutput: (chunk) => {
					output += Buffer.from(chunk).toString();
					if (output === 'ready\r\n') resize?.({ columns: 132, rows: 50 });
				},
			},
		);
		expect(output).toBe('ready\r\n50 132\r\n50 132\r\nit failed\r\n');
		expect(result).toEqual({ exitCode: 3, signal: null });
	});
});
