import { ContainerBuilderError, type MachineRequest } from '@olcf/container-builder-core';
import {
	type FakeProviderScript,
	fakeProvider,
	memoryTransport,
	virtualClock,
} from '@olcf/container-builder-testing';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { describe, expect, test } from 'vitest';

describe('fake provider: conformance, at once', () => {
	testProvider({ test, setup: () => ({ provider: fakeProvider() }) });
});

describe('fake provider: conformance, taking its time', () => {
	testProvider({
		test,
		setup: () => {
			const provider = fakeProvider({
				machines: () => ({ delayMs: [10, 60], bootMs: [10, 60], deleteDelayMs: [5, 30] }),
				listDelayMs: 2,
			});
			return { provider, teardown: () => provider[Symbol.asyncDispose]() };
		},
	});
});

describe('fake provider: script', () => {
	const owner = 'q';

	function request(builderId: string, changes: Partial<MachineRequest> = {}): MachineRequest {
		return {
			builderId,
			owner,
			pool: 'default',
			architecture: 'amd64',
			bootstrap: new TextEncoder().encode(`secret of ${builderId}`),
			lifetimeMs: 60_000,
			network: 'isolated',
			labels: {},
			...changes,
		};
	}

	function setup(script: FakeProviderScript) {
		const clock = virtualClock();
		return { clock, provider: fakeProvider({ clock, ...script }) };
	}

	test('delays and boots by the clock', async () => {
		const { clock, provider } = setup({ machines: [{ delayMs: 100, bootMs: 1_000 }] });
		let made = false;
		const creating = provider.create(request('a')).then((machine) => {
			made = true;
			return machine;
		});
		await clock.advance(99);
		expect(made).toBe(false);
		expect(provider.machines).toEqual([]);
		await clock.advance(1);
		expect((await creating).state).toBe('creating');
		await clock.advance(999);
		expect((await provider.list({ owner }))[0]?.state).toBe('creating');
		await clock.advance(1);
		expect((await provider.list({ owner }))[0]).toMatchObject({
			state: 'running',
			endpoint: { url: 'memory:fake-q-a' },
		});
		expect(provider.calls.map(({ method, atMs, state }) => [method, atMs, state])).toEqual([
			['create', 0, 'resolved'],
			['list', 1_099, 'resolved'],
			['list', 1_100, 'resolved'],
		]);
	});

	test('an error of outcome none makes nothing, one of outcome unknown makes a machine', async () => {
		const { provider } = setup({
			machines: [
				{ error: { outcome: 'none', code: 'provider-auth', message: 'who are you?' } },
				{ error: { outcome: 'unknown' } },
			],
		});
		await expect(provider.create(request('a'))).rejects.toMatchObject({
			code: 'provider-auth',
			message: 'who are you?',
			outcome: 'none',
		});
		expect(provider.machines).toEqual([]);
		await expect(provider.create(request('b'))).rejects.toMatchObject({
			code: 'provider-unavailable',
			outcome: 'unknown',
		});
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual(['b']);
	});

	test('a fault, a machine that is never ready, one that dies', async () => {
		const booted: string[] = [];
		const closed: string[] = [];
		const { clock, provider } = setup({
			machines: [
				{ fault: 'no valid host was found' },
				{ neverReady: true },
				{ diesAfterMs: 500 },
				{ diesAfterMs: 500, deathShows: 'gone' },
			],
			onBoot: async ({ builderId }, bootstrap) => {
				booted.push(`${builderId}: ${new TextDecoder().decode(bootstrap)}`);
				return { endpoint: { url: `memory:${builderId}` }, close: async () => void closed.push(builderId) };
			},
		});
		for (const builderId of ['a', 'b', 'c', 'd']) await provider.create(request(builderId));
		await clock.advance(0);
		expect(
			provider.machines.map(({ state, fault, endpoint }) => fault ?? `${state} ${endpoint?.url}`),
		).toEqual(['no valid host was found', 'running memory:fake-q-b', 'running memory:c', 'running memory:d']);
		expect(booted).toEqual(['c: secret of c', 'd: secret of d']);
		await clock.advance(500);
		expect(provider.machines.map(({ builderId, state }) => `${builderId} ${state}`)).toEqual([
			'a failed',
			'b running',
			'c failed',
		]);
		expect(closed).toEqual(['c', 'd']);
	});

	test('destroy that fails, takes its time, lingers, and leaves something behind', async () => {
		const { clock, provider } = setup({
			machines: [
				{
					deleteErrors: 1,
					deleteDelayMs: 100,
					lingersMs: 1_000,
					leavesBehind: [{ kind: 'port', id: 'port-1' }],
				},
			],
		});
		await provider.create(request('a'));
		await expect(provider.destroy(request('a'))).rejects.toMatchObject({ code: 'provider-unavailable' });
		const destroying = provider.destroy(request('a'));
		await clock.advance(100);
		await destroying;
		expect((await provider.list({ owner }))[0]?.state).toBe('deleting');
		await clock.advance(999);
		expect(await provider.list({ owner })).toHaveLength(1);
		await clock.advance(1);
		expect(await provider.list({ owner })).toEqual([]);
		const filter = { owner, keep: new Set<string>(), olderThanMs: 5_000 };
		expect(await provider.sweep(filter)).toEqual([]);
		await clock.advance(5_000);
		expect(await provider.sweep(filter)).toEqual([{ kind: 'port', id: 'port-1' }]);
		expect(await provider.sweep(filter)).toEqual([]);
	});

	test('a stale list tells what was', async () => {
		const { clock, provider } = setup({ listStaleMs: 1_000, machines: [{ bootMs: 500 }] });
		await provider.create(request('a'));
		await clock.advance(500);
		expect(provider.machines[0]?.state).toBe('running');
		expect(await provider.list({ owner })).toEqual([]);
		await clock.advance(500);
		expect((await provider.list({ owner }))[0]?.state).toBe('creating');
		await provider.destroy(request('a'));
		expect(provider.machines).toEqual([]);
		await clock.advance(500);
		expect((await provider.list({ owner }))[0]?.state).toBe('running');
		await clock.advance(500);
		expect(await provider.list({ owner })).toEqual([]);
	});

	test('a quota counts what exists and what is being made', async () => {
		const { clock, provider } = setup({ quota: 2, machines: () => ({ delayMs: 10 }) });
		const creating = ['a', 'b', 'c'].map((builderId) => provider.create(request(builderId)));
		await expect(creating[2]).rejects.toMatchObject({ code: 'provider-quota', outcome: 'none' });
		await clock.advance(10);
		await Promise.all(creating.slice(0, 2));
		expect(await provider.headroom?.(request('x'))).toBe(0);
		await provider.destroy(request('a'));
		expect(await provider.headroom?.(request('x'))).toBe(1);
		provider.setQuota(undefined);
		const more = provider.create(request('c'));
		await clock.advance(10);
		expect((await more).builderId).toBe('c');
	});

	test('a function is a quota of cores, memory, or whatever a request takes', async () => {
		const coresOf = ({ flavor }: MachineRequest): number => (flavor === 'large' ? 8 : 2);
		const quota = (wanted: MachineRequest, existing: readonly MachineRequest[]): number =>
			Math.floor((12 - existing.reduce((sum, one) => sum + coresOf(one), 0)) / coresOf(wanted));
		const { provider } = setup({ quota, machines: [{ lingersMs: 1_000 }] });
		expect(await provider.headroom?.(request('x'))).toBe(6);
		await provider.create(request('a', { flavor: 'large' }));
		expect(await provider.headroom?.(request('x'))).toBe(2);
		await expect(provider.create(request('b', { flavor: 'large' }))).rejects.toMatchObject({
			code: 'provider-quota',
		});
		await provider.create(request('c'));
		await provider.destroy(request('a'));
		expect(await provider.headroom?.(request('x', { flavor: 'large' }))).toBe(0);
		provider.setQuota(() => 0);
		expect(await provider.headroom?.(request('x'))).toBe(0);
	});

	test('a quota that shrinks lets what exists be', async () => {
		const { provider } = setup({ quota: 2 });
		for (const builderId of ['a', 'b']) await provider.create(request(builderId));
		provider.setQuota(1);
		expect(provider.machines).toHaveLength(2);
		expect(await provider.headroom?.(request('x'))).toBe(0);
		await provider.destroy(request('a'));
		await expect(provider.create(request('c'))).rejects.toMatchObject({ code: 'provider-quota' });
	});

	test('a create that is lost makes a machine, and answers only to an abort', async () => {
		const { clock, provider } = setup({ machines: () => ({ answerLost: true, delayMs: 100 }) });
		const controller = new AbortController();
		const lost = provider.create(request('a'), { signal: controller.signal });
		await clock.advance(100);
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual(['a']);
		await clock.advance(10_000);
		expect(provider.calls.map(({ state }) => state)).toEqual(['pending']);
		expect((await provider.create(request('a'))).id).toBe('fake-1');
		controller.abort();
		await expect(lost).rejects.toMatchObject({ code: 'canceled', outcome: undefined });
		expect(provider.machines).toHaveLength(1);
		const early = new AbortController();
		const aborted = provider.create(request('b'), { signal: early.signal });
		early.abort();
		await expect(aborted).rejects.toMatchObject({ code: 'canceled' });
		await clock.advance(10_000);
		expect(provider.machines).toHaveLength(1);
	});

	test('asks to be left alone', async () => {
		const { provider } = setup({ machines: [{ error: { outcome: 'none', retryAfterMs: 30_000 } }] });
		await expect(provider.create(request('a'))).rejects.toMatchObject({
			code: 'provider-unavailable',
			details: { retryAfterMs: 30_000 },
		});
	});

	test('what was deleted is listed as if it ran, and is deleted once', async () => {
		const { clock, provider } = setup({ machines: [{ lingersMs: 1_000, lingersAs: 'running' }] });
		await provider.create(request('a'));
		await clock.advance(0);
		await provider.destroy(request('a'));
		await clock.advance(999);
		expect((await provider.list({ owner }))[0]?.state).toBe('running');
		await provider.destroy(request('a'));
		expect(await provider.sweep({ owner, keep: new Set(), olderThanMs: 0 })).toEqual([]);
		await clock.advance(1);
		expect(await provider.list({ owner })).toEqual([]);
	});

	test('a call that hangs does nothing, and is not even aborted', async () => {
		const { clock, provider } = setup({});
		provider.hangNext('create');
		provider.hangNext('list', 2);
		const controller = new AbortController();
		let answers = 0;
		for (const call of [
			provider.create(request('a'), { signal: controller.signal }),
			provider.list({ owner }, { signal: controller.signal }),
			provider.list({ owner }),
		]) {
			void call.catch(() => {}).finally(() => answers++);
		}
		controller.abort();
		await clock.advance(1_000_000);
		expect([answers, provider.machines.length]).toEqual([0, 0]);
		expect(await provider.list({ owner })).toEqual([]);
		expect(provider.calls.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending', 'resolved']);
	});

	test('the seed decides, and decides the same again', async () => {
		const run = async (seed: number): Promise<number> => {
			const { clock, provider } = setup({ seed, machines: () => ({ delayMs: [0, 1_000_000] }) });
			const creating = provider.create(request('a')).then(() => clock.now());
			await clock.runAll();
			return creating;
		};
		expect(await run(7)).toBe(await run(7));
		expect(await run(7)).not.toBe(await run(8));
	});

	test('kill, failNext, newer images, lifetime', async () => {
		const { clock, provider } = setup({ endsAtLifetime: true });
		const made = await provider.create(request('a'));
		provider.setImage('default', 'image-2');
		expect(made.imageId).toBe('image-1');
		expect(await provider.resolveImage?.(request('a'))).toBe('image-2');
		provider.failNext('list', new ContainerBuilderError('provider-unavailable', 'the cloud is down'), 2);
		await expect(provider.list({ owner })).rejects.toMatchObject({ code: 'provider-unavailable' });
		await expect(provider.list({ owner })).rejects.toMatchObject({ code: 'provider-unavailable' });
		await provider.kill('a');
		expect((await provider.list({ owner }))[0]).toMatchObject({ state: 'failed', fault: 'the machine died' });
		await provider.create(request('b'));
		await clock.advance(60_000);
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual(['a']);
		await expect(provider.kill('b')).rejects.toThrow(TypeError);
	});

	test('a daemon that is started at boot can be spoken to, and ends with its machine', async () => {
		const transport = memoryTransport();
		await using provider = fakeProvider({
			onBoot: async (machine, bootstrap) => {
				const listener = await transport.listen({ url: machine.endpoint?.url ?? '' });
				void (async () => {
					for await (const incoming of listener) {
						const channel = await incoming.accept();
						await channel.send(bootstrap);
						await channel.close();
					}
				})();
				return { endpoint: { url: listener.endpoints[0]?.url ?? '' }, close: () => listener.close() };
			},
		});
		await provider.create(request('a'));
		await expect.poll(() => provider.machines[0]?.state).toBe('running');
		const endpoint = provider.machines[0]?.endpoint ?? { url: '' };
		const channel = await transport.connect(endpoint, { channel: 'control', version: 1 });
		for await (const frame of channel)
			expect(new TextDecoder().decode(frame as Uint8Array)).toBe('secret of a');
		expect((await channel.closed).code).toBe('normal');
		await provider.destroy(request('a'));
		expect(transport.listening).toEqual([]);
	});

	test('a daemon that cannot start is a machine that failed', async () => {
		const { clock, provider } = setup({
			onBoot: async () => {
				throw new Error('kernel panic');
			},
		});
		await provider.create(request('a'));
		await clock.advance(0);
		expect(provider.machines[0]).toMatchObject({ state: 'failed', fault: 'Error: kernel panic' });
		expect(await provider.console?.('fake-1')).toContain('kernel panic');
	});
});
