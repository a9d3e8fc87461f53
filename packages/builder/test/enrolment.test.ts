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

	it('is not closed to the queue by any number of wrong proofs, before it and after', async () => {
		await using builder = await startBuilder();
		const guess = async (key: 'secret' | 'session'): Promise<void> => {
			const control = await builder.dialControl();
			for (let turn = 0; turn < 3; turn++) {
				await control.call('enrol', { queueNonce: 'n'.repeat(43), key });
				await expect(control.call('accept', { mac: 'A'.repeat(43) })).rejects.toThrow(
					/is wrong|proofs were wrong/,
				);
			}
			expect((await control.closed).code).toBe('protocol');
		};
		for (let turn = 0; turn < 20; turn++) await guess('secret');
		const control = await builder.dialControl();
		await builder.enrol(control);
		for (let turn = 0; turn < 20; turn++) await guess('session');
		expect((await control.call('probe', {})).phase).toBe('idle');
		await builder.enrol(await builder.dialControl(), { key: 'session' });
	});

	it('hears nobody for long who does not prove anything, not too many of them, and the queue beside them', async () => {
		const clock = virtualClock();
		await using builder = await startBuilder([], { clock });
		const silent = await Promise.all(Array.from({ length: 16 }, () => builder.dialControl()));
		const queue = await builder.dialControl();
		expect((await silent[0]?.closed)?.code).toBe('going-away');
		await builder.enrol(queue);
		await clock.advance(30_000);
		for (const control of silent.slice(1)) expect((await control.closed).code).toBe('protocol');
		expect((await queue.call('probe', {})).phase).toBe('idle');
		// Who has proved itself is not one of those that make room.
		await Promise.all(Array.from({ length: 40 }, () => builder.dialControl()));
		expect((await queue.call('probe', {})).phase).toBe('idle');
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
