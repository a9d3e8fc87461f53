import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BuilderState, sleep } from '@olcf/container-builder-core';
import { virtualClock } from '@olcf/container-builder-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, collectAll } from './support/collect.js';
import { request, type StartedBuilder, shell, startBuilder } from './support/start-builder.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-cancel-test-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

/** The ids that the backend has written down, once there are `count`. */
async function pids(count: number): Promise<number[]> {
	for (;;) {
		const text = await readFile(join(directory, 'pids'), 'utf8').catch(() => '');
		const found = text.split('\n').filter(Boolean).map(Number);
		if (found.length >= count) return found;
		await sleep(5);
	}
}

/** Zombies that nobody has reaped yet are dead, too. */
async function alive(pid: number): Promise<boolean> {
	const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
	return stat !== undefined && !/\) [ZX] /.test(stat);
}

async function start(builder: StartedBuilder, fields = {}) {
	const control = await builder.lease();
	const client = builder.connect();
	await client.start(request(fields));
	return { control, client };
}

/** A process, one in its group, one that has left group and session, and one that nobody is the parent of. */
const FAMILY = (path: string): string => `
	echo $$ >> ${path}/pids
	sleep 1000 & echo $! >> ${path}/pids
	setsid sh -c 'echo $$ >> ${path}/pids; exec sleep 1000' &
	(setsid sh -c 'echo $$ >> ${path}/pids; exec sleep 1000' &)
`;

describe('cancel', () => {
	it('asks first, lets the backend speak, and takes everything that it had started along', async () => {
		await using builder = await startBuilder([
			shell(`trap 'echo goodbye; exit 1' TERM; ${FAMILY(directory)} wait`),
		]);
		const { client } = await start(builder);
		const found = await pids(4);
		expect(await Promise.all(found.map(alive))).toEqual([true, true, true, true]);
		await client.cancel();
		const state = await client.state();
		expect(state).toMatchObject({ phase: 'canceled', exitCode: 1, error: { code: 'canceled' } });
		expect((await collect(client.output())).toString()).toBe('goodbye\n');
		expect(await Promise.all(found.map(alive))).toEqual([false, false, false, false]);
	});

	it('kills what does not listen after the grace', async () => {
		await using builder = await startBuilder([
			shell(`trap '' TERM; ${FAMILY(directory)} while :; do sleep 0.05; done`, { graceMs: 200 }),
		]);
		const { client } = await start(builder);
		const found = await pids(4);
		await client.cancel();
		expect((await client.state()).phase).toBe('canceled');
		expect(await Promise.all(found.map(alive))).toEqual([false, false, false, false]);
	});

	it('with force does not wait, also when it was asked gently before', async () => {
		await using builder = await startBuilder([
			shell(`trap '' TERM; ${FAMILY(directory)} while :; do sleep 0.05; done`, { graceMs: 3_600_000 }),
		]);
		const { client } = await start(builder);
		const found = await pids(4);
		const gentle = client.cancel();
		await client.cancel({ force: true });
		await gentle;
		expect((await client.state()).phase).toBe('canceled');
		expect(await Promise.all(found.map(alive))).toEqual([false, false, false, false]);
	});

	it('over control is answered at once, and reported there', async () => {
		await using builder = await startBuilder([shell(`${FAMILY(directory)} wait`)]);
		const { control, client } = await start(builder);
		await pids(4);
		const types: string[] = [];
		const following = control.call(
			'states',
			{ after: 0 },
			{ onEvent: (event) => void types.push(event.type) },
		);
		await control.call('cancel', { force: false, reason: 'the user has left' });
		await following;
		expect(types.at(-1)).toBe('end');
		expect((await client.state()).error).toMatchObject({ code: 'canceled', message: 'the user has left' });
	});

	it('of what has ended has no effect', async () => {
		await using builder = await startBuilder();
		const { client } = await start(builder);
		await collectAll(client.states());
		await client.cancel({ force: true });
		expect((await client.state()).phase).toBe('built');
	});

	it('of what was not started yet ends it', async () => {
		await using builder = await startBuilder([shell(`touch ${directory}/ran`)]);
		await builder.lease();
		const client = builder.connect();
		await client.cancel();
		expect(await client.start(request())).toMatchObject({ phase: 'canceled', backendStarted: false });
	});
});

describe('the end of a backend', () => {
	it('is the end of all that it has left behind', async () => {
		await using builder = await startBuilder([
			shell(
				`${FAMILY(directory)} while [ "$(wc -l < ${directory}/pids)" -lt 4 ]; do sleep 0.01; done; cp "$DEFINITION" "$IMAGE"`,
			),
		]);
		const { client } = await start(builder);
		const found = await pids(4);
		await collectAll(client.states());
		expect((await client.state()).phase).toBe('built');
		expect(await Promise.all(found.map(alive))).toEqual([false, false, false, false]);
	});

	it.each<[string, string, Partial<BuilderState>]>([
		[
			'with a status is the definition’s fault',
			'exit 7',
			{
				exitCode: 7,
				error: expect.objectContaining({ code: 'build-failed', message: 'script ended with exit status 7' }),
			},
		],
		[
			'by a stranger’s signal is not',
			'kill -KILL $$',
			{ error: expect.objectContaining({ code: 'backend-failed', message: 'script was killed by SIGKILL' }) },
		],
		[
			'without an image is not',
			'true',
			{ exitCode: 0, error: expect.objectContaining({ code: 'backend-failed' }) },
		],
		[
			'with a link for an image is not',
			'ln -s /etc/passwd "$IMAGE"',
			{ error: expect.objectContaining({ code: 'backend-failed' }) },
		],
		[
			'with a pipe for an image is not',
			'mkfifo "$IMAGE"',
			{ error: expect.objectContaining({ code: 'backend-failed' }) },
		],
		[
			'that speaks of a full disk is a limit',
			'echo "cat: write error: No space left on device"; exit 2',
			{ error: expect.objectContaining({ code: 'resource-limit' }) },
		],
		[
			'that could not fork is a limit',
			'echo "sh: 1: Cannot fork: Resource temporarily unavailable"; exit 2',
			{ error: expect.objectContaining({ code: 'resource-limit' }) },
		],
	])('%s', async (_, text, expected) => {
		await using builder = await startBuilder([shell(text)]);
		const { client } = await start(builder);
		await collectAll(client.states());
		expect(await client.state()).toMatchObject({ phase: 'failed', backendStarted: true, ...expected });
	});

	it('comes with the time limit', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([shell(`echo $$ > ${directory}/pids; exec sleep 1000`)], {
			clock,
		});
		const { client } = await start(builder, { limits: { timeMs: 5_000 } });
		const found = await pids(1);
		await clock.advance(4_999);
		expect((await client.state()).phase).toBe('building');
		await clock.advance(1);
		expect((await collectAll(client.states())).at(-1)).toMatchObject({ error: { code: 'time-limit' } });
		expect(await Promise.all(found.map(alive))).toEqual([false]);
		// The build is over, the daemon is not: its output can still be had.
		expect(await collect(client.output())).toHaveLength(0);
	});

	it('is told where the program is not there', async () => {
		const { script } = await import('../src/index.js');
		await using builder = await startBuilder([script(['/does/not/exist'])]);
		const { client } = await start(builder);
		await collectAll(client.states());
		expect(await client.state()).toMatchObject({
			phase: 'failed',
			backendStarted: false,
			error: { code: 'backend-failed' },
		});
	});

	it('outlives connections', async () => {
		await using builder = await startBuilder([shell('sleep 0.3; cp "$DEFINITION" "$IMAGE"')]);
		const { client } = await start(builder);
		const ended = collectAll(client.states());
		for (let cut = 0; cut < 5; cut++) {
			await delay(30);
			builder.transport.breakChannels();
		}
		expect((await ended).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
	});
});
