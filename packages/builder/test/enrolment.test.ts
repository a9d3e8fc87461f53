import { virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { startBuilder } from './support/start-builder.js';

const refused = { code: 'unauthenticated' };

describe('enrolment', () => {
	it('proves both sides, and answers with what the builder is', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		await builder.enrol(control);
		expect(await control.call('probe', {})).toEqual({
			phase: 'idle',
			sequence: 0,
			backendStarted: false,
			outputBytes: 0,
		});
	});

	it('refuses everything else before it', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		await expect(control.call('probe', {})).rejects.toMatchObject(refused);
		await expect(control.call('shutdown', {})).rejects.toMatchObject(refused);
		await expect(control.call('states', { after: 0 })).rejects.toMatchObject(refused);
		await expect(control.call('accept', { mac: 'A'.repeat(43) })).rejects.toMatchObject(refused);
	});

	it('refuses a wrong secret, and the right one is still good afterwards', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		await expect(builder.enrol(control, { secret: 'wrong-'.repeat(4) })).rejects.toMatchObject(refused);
		await expect(control.call('probe', {})).rejects.toMatchObject(refused);
		await builder.enrol(control);
		expect((await control.call('probe', {})).phase).toBe('idle');
	});

	it('takes one proof for one challenge', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		await control.call('enrol', { queueNonce: 'n'.repeat(43), key: 'secret' });
		await expect(control.call('accept', { mac: 'A'.repeat(43) })).rejects.toThrow(/is wrong/);
		await expect(control.call('accept', { mac: 'A'.repeat(43) })).rejects.toThrow(/enrol comes before/);
	});

	it('spends the secret; the session key opens later channels, each of which replaces the one before', async () => {
		await using builder = await startBuilder();
		const first = await builder.dialControl();
		await builder.enrol(first);
		const second = await builder.dialControl();
		await expect(builder.enrol(second)).rejects.toThrow(/spent/);
		expect((await first.call('probe', {})).phase).toBe('idle');
		await builder.enrol(second, { key: 'session' });
		expect((await first.closed).code).toBe('going-away');
		expect((await second.call('probe', {})).phase).toBe('idle');
	});

	it('knows no session before the first enrolment', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		await expect(builder.enrol(control, { key: 'session' })).rejects.toMatchObject(refused);
	});

	it('refuses everybody after ten wrong proofs', async () => {
		await using builder = await startBuilder();
		const control = await builder.dialControl();
		for (let turn = 0; turn < 10; turn++) {
			await expect(builder.enrol(control, { secret: 'wrong-'.repeat(4) })).rejects.toThrow(/is wrong/);
		}
		await expect(builder.enrol(control)).rejects.toThrow(/nobody can enrol/);
		await expect(builder.dialControl()).rejects.toMatchObject(refused);
	});

	it('hears nobody for long who does not prove anything, and not too many of them', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([], { clock });
		const silent = await Promise.all(Array.from({ length: 16 }, () => builder.dialControl()));
		await expect(builder.dialControl()).rejects.toMatchObject({ code: 'busy' });
		await clock.advance(30_000);
		for (const control of silent) expect((await control.closed).code).toBe('protocol');
		await builder.enrol(await builder.dialControl());
	});

	it('ends the daemon when nobody has enrolled in time', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([], { clock });
		await clock.advance(59_999);
		expect(builder.transport.listening).toEqual(['memory:builder']);
		await clock.advance(1);
		expect(await builder.server.ended).toEqual({ reason: 'not-enrolled' });
		expect(builder.transport.listening).toEqual([]);
	});

	it('refuses other versions of the protocol, and channels that are not a builder’s', async () => {
		await using builder = await startBuilder();
		const { transport, url } = builder;
		await expect(transport.connect({ url }, { channel: 'control', version: 99 })).rejects.toMatchObject({
			code: 'protocol-version',
		});
		await expect(transport.connect({ url }, { channel: 'queue', version: 1 })).rejects.toMatchObject({
			code: 'not-found',
		});
		await expect(transport.connect({ url }, { channel: 'terminal', version: 1 })).rejects.toMatchObject({
			code: 'unsupported',
		});
	});
});
