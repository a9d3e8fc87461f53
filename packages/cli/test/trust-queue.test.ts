import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { trustQueue } from '../src/trust-queue.js';
import { Recorder } from './support/recorder.js';

const FOUND = 'ab'.repeat(32);
const URL = 'wss://queue.example:8443';
const SIZE = { columns: 80, rows: 24 };

describe('a certificate that nobody has signed', () => {
	let state = '';
	beforeEach(async () => {
		state = await mkdtemp(join(tmpdir(), 'cb-known-'));
	});
	afterEach(() => rm(state, { recursive: true }));

	const path = (): string => join(state, 'container-builder', 'known-queues');
	/** A queue that shows it; `answer` is what somebody at the terminal types. */
	const ask = async (
		answer: string | undefined,
		endpoint: { url: string; fingerprint?: string } = { url: URL },
		shown = FOUND,
	) => {
		const stdin = Object.assign(new PassThrough(), { isTTY: true });
		const stderr = new Recorder(answer === undefined ? undefined : SIZE);
		const dialed: (string | undefined)[] = [];
		if (answer !== undefined) void stderr.until(/yes or no/).then(() => stdin.write(`${answer}\n`));
		const trusted = trustQueue(
			endpoint,
			{ environment: { XDG_STATE_HOME: state }, stdin, stderr },
			{
				connect: async (_endpoint, request) => {
					dialed.push(request.token);
					throw new ContainerBuilderError('fingerprint-mismatch', 'not trusted', {
						details: { found: shown },
					});
				},
			},
		);
		return {
			...(await trusted.then(
				(value) => ({ value }),
				(error: unknown) => ({ error }),
			)),
			text: stderr.text,
			dialed,
		};
	};

	test('is asked about once, and pinned from then on', async () => {
		const first = await ask('yes');
		expect(first).toMatchObject({ value: { url: URL, fingerprint: FOUND }, dialed: [undefined] });
		expect(first.text).toContain(`SHA-256 fingerprint is ${'AB:'.repeat(31)}AB.`);
		expect(await readFile(path(), 'utf8')).toBe(`queue.example:8443 ${FOUND}\n`);
		expect((await stat(path())).mode & 0o777).toBe(0o600);
		// Whatever it shows now, what was said yes to is what is expected.
		expect(await ask('yes', { url: URL }, 'cd'.repeat(32))).toMatchObject({
			value: { fingerprint: FOUND },
			dialed: [],
			text: '',
		});
		expect(await ask('yes', { url: 'wss://queue.example:8444' }, 'cd'.repeat(32))).toMatchObject({
			value: { fingerprint: 'cd'.repeat(32) },
		});
	});

	test.each(['no', '', 'y', 'yes please'])('is not trusted by %j', async (answer) => {
		const { error } = (await ask(answer)) as { error: ContainerBuilderError };
		expect(error).toMatchObject({
			code: 'fingerprint-mismatch',
			hint: expect.stringContaining('--queue-fingerprint'),
		});
		await expect(readFile(path())).rejects.toThrow(/ENOENT/);
	});

	test('is nobody’s question where nobody sits at the terminal, or it is told already', async () => {
		expect(await ask(undefined)).toMatchObject({ value: { url: URL }, dialed: [], text: '' });
		const told = { url: URL, fingerprint: 'ef'.repeat(32) };
		expect(await ask('yes', told)).toMatchObject({ value: told, dialed: [] });
		const socket = { url: 'ws+unix:///run/queue.sock' };
		expect(await ask('yes', socket)).toMatchObject({ value: socket, dialed: [] });
	});
});
