import type { ConnectedChannel, Frame, Transport } from '@olcf/container-builder-core';
import { type Bootstrap, encodeBootstrap, randomSecret } from '@olcf/container-builder-core/protocol';
import { memoryTransport } from '@olcf/container-builder-testing';
import { afterEach, describe, expect, it } from 'vitest';
import { BuilderDialer } from '../../src/queue/pool/dial-builder.js';
import { enrolBuilder } from '../../src/queue/pool/enrol-builder.js';
import { systemClock } from '../../src/time/system-clock.js';
import { ScriptedDaemon } from './scripted-daemon.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0)) await cleanup();
});

const endpoint = { url: 'memory:builder' };

async function daemonOn(transport: Transport): Promise<Bootstrap> {
	const bootstrap: Bootstrap = {
		version: 1,
		builderId: 'b-1',
		owner: 'test',
		listen: endpoint,
		secret: randomSecret(),
		enrolMs: 60_000,
		lifetimeMs: 60_000,
		privilege: 'root',
	};
	const daemon = await ScriptedDaemon.start(transport, endpoint, encodeBootstrap(bootstrap));
	cleanups.push(() => daemon.close());
	return bootstrap;
}

describe('the enrolment of a builder', () => {
	const enrol = async (more: { builderId?: string; secret?: string; peerFingerprint?: string }) => {
		const transport = memoryTransport();
		const { builderId, secret } = await daemonOn(transport);
		const channel = await transport.connect(endpoint, { channel: 'control', version: 1 });
		const { peerFingerprint } = more;
		const shown: ConnectedChannel =
			peerFingerprint === undefined
				? channel
				: Object.defineProperty(channel, 'peerFingerprint', { value: peerFingerprint });
		let spent = false;
		const key = {
			kind: 'secret' as const,
			value: more.secret ?? secret,
			sessionKey: randomSecret(),
			onSpend: () => {
				spent = true;
			},
		};
		const enrolling = enrolBuilder(shown, more.builderId ?? builderId, key, {});
		const settled = await enrolling.then(
			({ info }) => info.builderId,
			(error: { code: string; message: string }) => `${error.code}: ${error.message}`,
		);
		await channel.close();
		return { settled, spent };
	};

	it('takes the one that was made', async () => {
		expect(await enrol({})).toEqual({ settled: 'b-1', spent: true });
	});

	it.each([
		['of another id', { builderId: 'b-2' }, 'it is b-1'],
		['that does not know the secret', { secret: randomSecret() }, 'it does not know the secret'],
		[
			'behind another certificate',
			{ peerFingerprint: 'f'.repeat(64) },
			'the certificate on the way is not its own',
		],
	])('refuses one %s, and keeps the secret', async (_name, more, why) => {
		const { settled, spent } = await enrol(more);
		expect(settled).toMatch(/^enrolment-failed: /);
		expect(settled).toContain(why);
		expect(spent).toBe(false);
	});
});

describe('dials', () => {
	/** Breaks the first connection when the session key goes out, before or after it has arrived. */
	const breaking = (transport: Transport, when: 'before' | 'after'): Transport => {
		let broken = false;
		return {
			...transport,
			connect: async (...connection) => {
				const channel = await transport.connect(...connection);
				const send = channel.send.bind(channel);
				channel.send = async (frame: Frame) => {
					const breaks = !broken && typeof frame === 'string' && frame.includes('"accept"');
					if (!breaks) return await send(frame);
					broken = true;
					if (when === 'after') {
						await send(frame);
						await new Promise((resolve) => setImmediate(resolve));
					}
					channel.abort(new Error('a cable was pulled'));
					throw new Error('a cable was pulled');
				};
				return channel;
			},
		};
	};

	it.each(['before', 'after'] as const)(
		'find their builder again when they broke %s the secret was spent',
		async (when) => {
			const transport = memoryTransport();
			const { builderId, secret } = await daemonOn(transport);
			const dialer = new BuilderDialer({
				builderId,
				transports: [breaking(transport, when)],
				secret,
				sessionKey: randomSecret(),
				spent: 'no',
				fingerprint: undefined,
				clock: systemClock,
				insecure: false,
			});
			await expect(dialer.dial(endpoint, undefined)).rejects.toThrow('a cable was pulled');
			for (let times = 0; times < 3; times++) {
				const { rpc, info } = await dialer.dial(endpoint, undefined);
				expect(info.builderId).toBe(builderId);
				expect(await rpc.call('probe', {})).toMatchObject({ phase: 'idle' });
				await rpc.close();
			}
		},
	);
});
