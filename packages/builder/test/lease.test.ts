import { createHash } from 'node:crypto';
import { buildMethods, RpcClient, randomSecret } from '@olcf/container-builder-core/protocol';
import { virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { collectAll } from './support/collect.js';
import { BUILD_ID, request, shell, startBuilder } from './support/start-builder.js';

const other = {
	leaseId: 'lease-000002',
	buildId: 'build-00000002',
	user: 'somebody',
	tokenSha256: createHash('sha256').update('other').digest('hex'),
	deadlineMs: 1000,
	idleMs: 1000,
};

describe('a lease', () => {
	it('opens the client’s channels to its tokens only', async () => {
		await using builder = await startBuilder();
		const { transport, url, token } = builder;
		const dial = (own?: string) => transport.connect({ url }, { channel: 'build', version: 1, token: own });
		await expect(dial(token)).rejects.toMatchObject({ code: 'unauthenticated' });
		const control = await builder.lease();
		await (await dial(token)).close();
		await expect(dial()).rejects.toMatchObject({ code: 'unauthenticated' });
		await expect(dial(`${token}x`)).rejects.toMatchObject({ code: 'unauthenticated' });
		const later = randomSecret();
		await expect(dial(later)).rejects.toMatchObject({ code: 'unauthenticated' });
		await control.call('token', { tokenSha256: createHash('sha256').update(later).digest('hex') });
		await (await dial(later)).close();
		await (await dial(token)).close();
	});

	it('is the only one', async () => {
		await using builder = await startBuilder();
		const control = await builder.lease();
		await expect(control.call('lease', other)).rejects.toMatchObject({ code: 'busy' });
		const { transport, url, token } = builder;
		const client = new RpcClient(
			await transport.connect({ url }, { channel: 'build', version: 1, token }),
			buildMethods,
		);
		const another = { ...request(), buildId: 'build-00000002' };
		await expect(client.call('start', another)).rejects.toMatchObject({ code: 'busy' });
		expect((await control.call('probe', {})).phase).toBe('leased');
	});

	it('may be told twice', async () => {
		await using builder = await startBuilder();
		const control = await builder.lease();
		await control.call('lease', {
			leaseId: 'lease-000001',
			buildId: BUILD_ID,
			user: 'somebody',
			tokenSha256: createHash('sha256').update(builder.token).digest('hex'),
			deadlineMs: 600_000,
			idleMs: 60_000,
		});
		expect((await control.call('probe', {})).sequence).toBe(1);
	});

	it('starts its build once', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		expect((await collectAll(client.states())).at(-1)).toMatchObject({ type: 'end', phase: 'built' });
		expect((await client.start(request())).phase).toBe('built');
	});

	it('refuses what this builder cannot build, and waits for what it can', async () => {
		await using builder = await startBuilder([shell('cp "$DEFINITION" "$IMAGE"', { kinds: ['apptainer'] })]);
		await builder.lease();
		const client = builder.connect();
		await expect(client.start(request({ kind: 'dockerfile' }))).rejects.toMatchObject({
			code: 'unsupported',
		});
		await expect(client.start(request({ backend: 'buildah' }))).rejects.toMatchObject({
			code: 'unsupported',
		});
		await expect(
			client.start(request({ architecture: process.arch === 'ppc64' ? 'amd64' : 'ppc64le' })),
		).rejects.toMatchObject({
			code: 'unsupported',
		});
		expect((await client.start(request())).phase).toBe('building');
	});

	it('ends at its deadline, which only the queue can move', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([shell('sleep 600')], { clock });
		const control = await builder.lease({ deadlineMs: 10_000 });
		const client = builder.connect();
		await client.start(request());
		await clock.advance(9_000);
		await control.call('extend', { deadlineMs: 5_000 });
		await clock.advance(4_999);
		expect((await client.state()).phase).toBe('building');
		const last = (async () => {
			for await (const event of client.states()) if (event.type === 'end') return event;
			return undefined;
		})();
		await clock.advance(1);
		expect(await last).toMatchObject({ phase: 'failed', error: { code: 'time-limit' } });
		expect(await builder.server.ended).toEqual({ reason: 'deadline' });
	});

	it('ends when neither queue nor client are there', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([], { clock });
		const control = await builder.lease({ idleMs: 5_000 });
		const client = builder.connect();
		await client.info();
		await control.close();
		await clock.advance(60_000);
		await client.close();
		await clock.advance(4_000);
		const again = builder.connect();
		await again.info();
		await clock.advance(60_000);
		await again.close();
		await clock.advance(5_000);
		expect(await builder.server.ended).toEqual({ reason: 'idle' });
	});

	it('before it, waits five minutes for a queue that has gone', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([], { clock });
		const control = await builder.dialControl();
		await builder.enrol(control);
		await clock.advance(600_000);
		await control.close();
		await clock.advance(299_999);
		expect(builder.transport.listening).toHaveLength(1);
		await clock.advance(1);
		expect(await builder.server.ended).toEqual({ reason: 'idle' });
	});

	it('ends with the machine’s lifetime, however long that is', async () => {
		const clock = virtualClock();
		const lifetimeMs = 100 * 24 * 3600 * 1000;
		await using builder = await startBuilder([], { clock, bootstrap: { lifetimeMs } });
		const control = await builder.dialControl();
		await builder.enrol(control);
		await clock.advance(lifetimeMs - 1);
		expect((await control.call('probe', {})).phase).toBe('idle');
		await clock.advance(1);
		expect(await builder.server.ended).toEqual({ reason: 'lifetime' });
	});

	it('ends when the queue says so, after the answer', async () => {
		await using builder = await startBuilder([shell('sleep 600')]);
		const control = await builder.lease();
		await builder.connect().start(request());
		expect(await control.call('shutdown', {})).toEqual({});
		expect(await builder.server.ended).toEqual({ reason: 'shutdown' });
	});

	it('ends with the caller’s signal', async () => {
		const stop = new AbortController();
		await using builder = await startBuilder([], { signal: stop.signal });
		stop.abort();
		expect(await builder.server.ended).toEqual({ reason: 'stopped' });
	});
});
