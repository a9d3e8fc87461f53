import assert from 'node:assert/strict';
import { isContainerBuilderError, type Machine } from '@olcf/container-builder-core';
import { first } from '../suite.js';
import type { ProviderTest } from './provider-fixture.js';

export function testLifecycle(test: ProviderTest): void {
	test('lifecycle: created, listed, destroyed, gone', async (session) => {
		const owner = session.owner();
		const request = session.request(owner);
		assert.deepEqual(await session.provider.list({ owner }), []);
		const made = await session.create(request);
		assertBelongs(made, request);
		const [listed] = await session.listed(owner, (machines) => machines.length === 1, 'one machine');
		assert.ok(listed !== undefined);
		assertBelongs(listed, request);
		assert.equal(listed.id, made.id);
		await session.within(
			session.provider.destroy({ owner, builderId: request.builderId, id: made.id }),
			'destroy',
		);
		assert.deepEqual(await session.provider.list({ owner }), [], 'destroy resolves when it is gone');
	});

	test('lifecycle: a machine gets running and has an endpoint', async (session) => {
		const owner = session.owner();
		const request = session.request(owner);
		const made = await session.create(request);
		const machines = await session.listed(
			owner,
			([machine]) => machine?.state === 'running',
			'a running machine',
		);
		const machine = first(machines, 'the list');
		assertBelongs(machine, request);
		assert.equal(machine.imageId, made.imageId);
		assert.ok(machine.endpoint !== undefined, 'a running machine has an endpoint');
		assert.match(machine.endpoint.url, /^[a-z][a-z0-9+.-]*:/);
		assert.ok(machine.reach === 'host' || machine.reach === 'network');
		assert.deepEqual(JSON.parse(JSON.stringify(machine)), JSON.parse(JSON.stringify({ ...machine })));
		assert.ok(isPlain(machine), 'a machine is plain data');
	});

	test('lifecycle: a second create of the same builder gives the same machine', async (session) => {
		const owner = session.owner();
		const request = session.request(owner);
		const made = await session.create(request);
		const again = await session.create(request);
		assert.equal(again.id, made.id);
		assert.equal((await session.provider.list({ owner })).length, 1);
	});

	test('lifecycle: creates of the same builder at the same time make one machine', async (session) => {
		const owner = session.owner();
		const request = session.request(owner);
		const made = await Promise.all([
			session.create(request),
			session.create(request),
			session.create(request),
		]);
		assert.equal(new Set(made.map(({ id }) => id)).size, 1);
		assert.equal((await session.provider.list({ owner })).length, 1);
	});

	test('lifecycle: several at once', async (session) => {
		const owner = session.owner();
		const requests = [1, 2, 3].map(() => session.request(owner));
		const made = await Promise.all(requests.map((request) => session.create(request)));
		assert.equal(new Set(made.map(({ id }) => id)).size, 3);
		const all = await session.listed(
			owner,
			(machines) => machines.length === 3 && machines.every(({ state }) => state === 'running'),
			'three running machines',
		);
		assert.deepEqual(
			all.map(({ builderId }) => builderId).sort(),
			requests.map(({ builderId }) => builderId).sort(),
		);
		assert.equal(
			new Set(all.map(({ endpoint }) => endpoint?.url)).size,
			3,
			'each has an endpoint of its own',
		);
		const [gone, ...kept] = requests;
		assert.ok(gone !== undefined);
		await session.within(session.provider.destroy(gone), 'destroy');
		const left = await session.provider.list({ owner });
		assert.deepEqual(
			left.map(({ builderId }) => builderId).sort(),
			kept.map(({ builderId }) => builderId).sort(),
		);
	});

	test('lifecycle: destroying what is not there resolves', async (session) => {
		const owner = session.owner();
		await session.within(session.provider.destroy({ owner, builderId: 'never-was' }), 'destroy');
		await session.within(
			session.provider.destroy({ owner, builderId: 'never-was', id: 'nor-this' }),
			'destroy',
		);
	});

	test('lifecycle: destroying twice, and twice at once', async (session) => {
		const owner = session.owner();
		for (const destroys of [1, 3]) {
			const target = session.request(owner);
			await session.create(target);
			const all = Array.from({ length: destroys }, () => session.provider.destroy(target));
			await session.within(Promise.all(all), 'destroy');
			await session.within(session.provider.destroy(target), 'destroy again');
			assert.deepEqual(await session.provider.list({ owner }), []);
		}
	});

	test('lifecycle: a builder id can be used again after destroy', async (session) => {
		const owner = session.owner();
		const request = session.request(owner);
		await session.create(request);
		await session.within(session.provider.destroy(request), 'destroy');
		await session.create(request);
		assert.equal((await session.provider.list({ owner })).length, 1);
	});

	test('lifecycle: an image that does not exist fails, and nothing is made', async (session) => {
		const owner = session.owner();
		const image = session.fixture.unknownImage ?? 'no-such-image';
		const caught = await session.create(session.request(owner, { image })).then(
			() => assert.fail('create must reject'),
			(error: unknown) => error,
		);
		assert.ok(isContainerBuilderError(caught), `a ContainerBuilderError, not ${String(caught)}`);
		assert.equal(caught.outcome, 'none', 'nothing was made');
		assert.deepEqual(await session.provider.list({ owner }), []);
	});

	test('lifecycle: a bootstrap of 16 KiB passes, a larger one is refused', async (session) => {
		const owner = session.owner();
		const bootstrap = new Uint8Array(16 * 1024 + 1).fill(0x20);
		const caught = await session.create(session.request(owner, { bootstrap })).then(
			() => assert.fail('create must reject'),
			(error: unknown) => error,
		);
		assert.ok(
			caught instanceof TypeError || (isContainerBuilderError(caught) && caught.code === 'invalid-option'),
			`a TypeError or invalid-option, not ${String(caught)}`,
		);
		assert.deepEqual(await session.provider.list({ owner }), []);
		await session.create(session.request(owner, { bootstrap: padded(session.request(owner).bootstrap) }));
	});
}

function assertBelongs(
	machine: Machine,
	request: { readonly builderId: string; readonly owner: string; readonly labels: object },
): void {
	assert.equal(machine.builderId, request.builderId);
	assert.equal(machine.owner, request.owner);
	assert.deepEqual({ ...machine.labels }, { ...request.labels }, 'labels are kept');
	assert.notEqual(machine.id, '');
	assert.notEqual(machine.imageId, '');
}

/** A bootstrap of the largest size, which a reader of JSON takes for the same. */
function padded(bootstrap: Uint8Array): Uint8Array {
	const whole = new Uint8Array(16 * 1024).fill(0x20);
	whole.set(bootstrap);
	return whole;
}

function isPlain(value: unknown): boolean {
	if (value === null || typeof value !== 'object') return typeof value !== 'function';
	const prototype = Object.getPrototypeOf(value);
	return (
		(prototype === Object.prototype || prototype === null || Array.isArray(value)) &&
		Object.values(value).every(isPlain)
	);
}
