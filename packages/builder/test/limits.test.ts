import type { BuilderEvent, RemoteBuilder } from '@olcf/container-builder-core';
import { virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { collectAll } from './support/collect.js';
import { request, shell, startBuilder } from './support/start-builder.js';

/** All that a builder has told of limits, once its build is over. */
async function told(client: RemoteBuilder): Promise<object[]> {
	const events = await collectAll(client.states());
	return events.flatMap(({ sequence: _, elapsedMs: __, ...event }) =>
		event.type === 'limits' || event.type === 'limit-near' ? [event] : [],
	);
}

async function until(client: RemoteBuilder, type: BuilderEvent['type']): Promise<void> {
	for await (const event of client.states()) if (event.type === type) return;
}

const HOUR = 3_600_000;

describe('the limits of a build', () => {
	it('are told when its backend starts: what was asked for, within what the builder allows', async () => {
		const clock = virtualClock();
		const limits = { outputBytes: 1000, imageBytes: 5000 };
		await using builder = await startBuilder([shell('cp "$DEFINITION" "$IMAGE"')], { clock, limits });
		await builder.lease({ deadlineMs: HOUR / 2 });
		const client = builder.connect();
		await client.start(request({ limits: { timeMs: 60_000, outputBytes: 2000, imageBytes: 4000 } }));
		expect(await told(client)).toEqual([
			{ type: 'limits', timeMs: 60_000, outputBytes: 1000, imageBytes: 4000, deadlineMs: HOUR / 2 },
		]);
	});

	it('of time: a warning at 80 %, the end at all of it', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([shell('exec sleep 1000')], { clock });
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ limits: { timeMs: 10_000 } }));
		await until(client, 'limits');
		await clock.advance(7_999);
		const near = until(client, 'limit-near');
		await clock.advance(1);
		await near;
		await clock.advance(2_000);
		expect((await told(client)).slice(1)).toEqual([
			{ type: 'limit-near', limit: 'time', used: 8_000, of: 10_000 },
		]);
		expect((await client.state()).error).toMatchObject({
			code: 'time-limit',
			message: 'the build took longer than 10 s',
			hint: expect.stringContaining('--limit-time'),
		});
	});

	it('of its lease: a warning at 80 % of the deadline as it is then', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([shell('exec sleep 1000')], { clock });
		const control = await builder.lease({ deadlineMs: 100_000 });
		const client = builder.connect();
		await client.start(request({ limits: { timeMs: HOUR } }));
		await until(client, 'limits');
		await clock.advance(50_000);
		await control.call('extend', { deadlineMs: 150_000 });
		await clock.advance(109_999);
		const near = until(client, 'limit-near');
		await clock.advance(1);
		await near;
		await client.cancel({ force: true });
		expect((await told(client)).slice(1)).toEqual([
			{ type: 'limit-near', limit: 'deadline', used: 160_000, of: 200_000 },
		]);
	});

	it('of output: a warning at 80 %, the end at all of it, with what can be done', async () => {
		const text = 'trap "exit 0" TERM; while :; do echo 012345678; done';
		await using builder = await startBuilder([shell(text)], { limits: { outputBytes: 50_000 } });
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ limits: { outputBytes: 20_000 } }));
		const [, near] = await told(client);
		expect(near).toMatchObject({ type: 'limit-near', limit: 'output', of: 20_000 });
		expect((near as { used: number }).used).toBeGreaterThanOrEqual(16_000);
		expect((await client.state()).error).toMatchObject({
			code: 'output-limit',
			hint: expect.stringContaining('--limit-output'),
		});
	});
});
