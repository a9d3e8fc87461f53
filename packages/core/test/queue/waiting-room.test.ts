import { virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { BuildBook } from '../../src/queue/leases/build-book.js';
import { CheckoutHandle } from '../../src/queue/line/checkout-handle.js';
import type { UserLimits } from '../../src/queue/line/fair-line.js';
import type { LinePolicy } from '../../src/queue/line/line-policy.js';
import { tellingInterval } from '../../src/queue/line/telling-interval.js';
import { WaitingRoom } from '../../src/queue/line/waiting-room.js';
import type { CheckoutEvent, CheckoutPriority, Lease } from '../../src/spec/index.js';

const MINUTE = 60_000;
const POOL = 'default';

/** A room by itself, whose visitors write down what they hear. */
function roomWith(policy?: LinePolicy) {
	const clock = virtualClock();
	const published: string[] = [];
	let changes = 0;
	const records = { saveBuild: async () => {}, eraseBuild: async () => {} };
	const builds = new BuildBook({ clock, records, onUnwritten: () => {} });
	const room = new WaitingRoom({
		clock,
		builds,
		publish: (news) => published.push('buildId' in news ? `${news.type} ${news.buildId}` : news.type),
		onChange: () => changes++,
		policy,
	});
	const heard = new Map<string, CheckoutEvent[]>();
	const handles = new Map<string, CheckoutHandle>();
	const enter = (buildId: string, user: string, priority: CheckoutPriority = 'normal', pool = POOL): void => {
		void builds.open({ buildId, user, pool, priority, architecture: 'amd64', labels: {} });
		const handle = new CheckoutHandle(buildId, undefined);
		const events: CheckoutEvent[] = [];
		heard.set(buildId, events);
		handles.set(buildId, handle);
		// Every event, not only the latest.
		const tell = handle.tell.bind(handle);
		handle.tell = (event) => {
			events.push(event);
			tell(event);
		};
		room.enter(buildId, handle, 'behind');
	};
	const tell = (): void => room.tell(POOL, () => ({ reason: 'all-builders-busy' }));
	const places = (buildId: string): unknown[] =>
		(heard.get(buildId) ?? []).map((event) =>
			event.type === 'place' ? [event.place, event.reason] : event.type,
		);
	/** Calls the next one, who has its lease at once. */
	const grant = (pool = POOL): string | undefined => {
		const entry = room.call(pool);
		if (entry === undefined) return undefined;
		const lease = { id: `lease-of-${entry.buildId}`, builderId: 'b-1' } as Lease;
		room.grant(entry, lease);
		return entry.buildId;
	};
	/** Of whom how much was used, in milliseconds. */
	const usage = (): Record<string, number> => {
		const { users } = room.usage as { users: { user: string; usageMs: number }[] };
		return Object.fromEntries(users.map(({ user, usageMs }) => [user, usageMs]));
	};
	const order = (): string[] => room.places.map(({ entry }) => entry.buildId);
	return {
		clock,
		room,
		published,
		handles,
		enter,
		tell,
		places,
		grant,
		usage,
		order,
		changes: () => changes,
	};
}

describe('the waiting room', () => {
	it('serves one user first come first, and several in turns', async () => {
		const { clock, enter, grant, order } = roomWith();
		for (const [buildId, user] of [
			['a1', 'ann'],
			['a2', 'ann'],
			['a3', 'ann'],
			['b1', 'bob'],
		] as const) {
			enter(buildId, user);
			await clock.advance(1_000);
		}
		expect(order()).toEqual(['a1', 'b1', 'a2', 'a3']);
		expect([grant(), grant(), grant(), grant(), grant()]).toEqual(['a1', 'b1', 'a2', 'a3', undefined]);
	});

	it('serves a higher class first', () => {
		const { enter, grant, room } = roomWith();
		enter('a1', 'ann', 'low');
		enter('a2', 'ann');
		enter('b1', 'bob', 'high');
		expect(room.find('a2')?.priority).toBe('normal');
		expect([grant(), grant(), grant()]).toEqual(['b1', 'a2', 'a1']);
	});

	it('finds who waits, called or not, until the wait is over', async () => {
		const { enter, room, handles, grant, order } = roomWith();
		enter('a1', 'ann');
		enter('a2', 'ann');
		const called = room.call(POOL);
		expect(called?.buildId).toBe('a1');
		expect(room.find('a1')).toBe(called);
		expect(room.places.length).toBe(2);
		expect(order()).toEqual(['a1', 'a2']);
		await handles.get('a1')?.close();
		expect(room.find('a1')).toBeUndefined();
		expect(called && room.isCalled(called)).toBe(false);
		expect(grant()).toBe('a2');
		expect(room.find('a2')).toBeUndefined();
		expect(room.entries).toEqual([]);
	});

	it('knows who was served after its rules have changed', async () => {
		const { clock, room, enter, grant } = roomWith({ patienceMs: 10 * MINUTE });
		enter('a1', 'ann');
		enter('a2', 'ann');
		await clock.advance(9 * MINUTE);
		expect(grant()).toBe('a1');
		room.configure({ patienceMs: 10 * MINUTE });
		await clock.advance(MINUTE);
		enter('b1', 'bob', 'high');
		// Ann was served a minute ago, and is not overdue.
		expect(grant()).toBe('b1');
		await clock.advance(9 * MINUTE);
		enter('b2', 'bob', 'high');
		expect(grant()).toBe('a2');
	});

	it('charges nothing for calls that came to nothing', async () => {
		const { clock, enter, room, handles, usage } = roomWith();
		enter('a1', 'ann');
		const called = room.call(POOL);
		expect(Object.keys(usage())).toHaveLength(1);
		await clock.advance(MINUTE);
		if (called !== undefined) room.callBack(called);
		expect(usage()).toEqual({});
		expect(room.call(POOL)).toBe(called);
		await handles.get('a1')?.close();
		expect(usage()).toEqual({});
	});

	it('lets those who are called back keep their places', async () => {
		const { clock, enter, room, order } = roomWith();
		for (const buildId of ['a1', 'a2', 'a3']) {
			enter(buildId, 'ann');
			await clock.advance(1);
		}
		const [first, second] = [room.call(POOL), room.call(POOL)];
		if (first === undefined || second === undefined) throw new Error('nobody waits');
		room.callBack(second);
		room.callBack(first);
		expect(order()).toEqual(['a1', 'a2', 'a3']);
	});

	it('charges leases for what they lasted, and expects the same of the next', async () => {
		const { clock, enter, room, grant, usage } = roomWith();
		enter('a1', 'ann');
		enter('b1', 'bob');
		grant();
		expect(usage()).toEqual({ ann: expect.closeTo(10 * MINUTE, 3) });
		await clock.advance(MINUTE);
		room.ended('lease-of-a1', MINUTE);
		room.ended('lease-of-a1', MINUTE);
		expect((usage().ann ?? 0) / MINUTE).toBeCloseTo(1, 2);
		grant();
		expect(usage().bob).toBeCloseTo(MINUTE, 3);
	});

	it('goes on with shares and leases of an earlier life', () => {
		const limits = (): UserLimits => ({ running: 1 });
		const { clock, room, enter, grant, changes } = roomWith({ limitsOf: limits });
		room.restore({ at: clock.epoch(), users: [{ user: 'ann', usageMs: 20 * MINUTE }] });
		room.adopt('lease-of-old', POOL, 'cid', MINUTE);
		for (const user of ['ann', 'bob', 'cid']) enter(`${user}-1`, user);
		expect(room.wanted(POOL)).toBe(2);
		expect([grant(), grant(), grant()]).toEqual(['bob-1', 'ann-1', undefined]);
		const before = changes();
		room.ended('lease-of-old', MINUTE);
		expect(changes()).toBeGreaterThan(before);
		expect(grant()).toBe('cid-1');
	});

	it('does not take a user for served whose call came to nothing', async () => {
		const { clock, enter, room, grant, handles } = roomWith({ patienceMs: 60 * MINUTE });
		enter('a1', 'ann');
		enter('a2', 'ann', 'low');
		await clock.advance(30 * MINUTE);
		expect(room.call(POOL)?.buildId).toBe('a1');
		await handles.get('a1')?.close();
		await clock.advance(30 * MINUTE);
		enter('b1', 'bob');
		expect([grant(), grant()]).toEqual(['a2', 'b1']);
	});

	it('does not take a user for served because the queue has begun anew', async () => {
		const { clock, enter, room, grant } = roomWith({ patienceMs: 60 * MINUTE });
		await clock.advance(60 * MINUTE);
		enter('a1', 'ann', 'low');
		await clock.advance(60 * MINUTE);
		room.adopt('lease-of-old', POOL, 'ann', 90 * MINUTE);
		enter('b1', 'bob');
		expect([grant(), grant()]).toEqual(['a1', 'b1']);
	});

	it('keeps users within their limits, and says so', async () => {
		const limits: UserLimits = { running: 1, waiting: 2 };
		const { room, enter, grant, tell, places } = roomWith({
			limitsOf: (user) => (user === 'ann' ? limits : {}),
		});
		enter('a1', 'ann');
		enter('a2', 'ann');
		expect(() => room.checkLimit('ann')).toThrowError(expect.objectContaining({ code: 'busy' }));
		expect(() => room.checkLimit('bob')).not.toThrow();
		expect(grant()).toBe('a1');
		expect(() => room.checkLimit('ann')).not.toThrow();
		enter('b1', 'bob');
		expect([room.places.length, room.wanted(POOL)]).toEqual([2, 1]);
		tell();
		expect(places('a2')).toEqual([[2, 'user-limit']]);
		expect(places('b1')).toEqual([[1, 'all-builders-busy']]);
		expect([grant(), grant()]).toEqual(['b1', undefined]);
		room.ended('lease-of-a1', MINUTE);
		expect(grant()).toBe('a2');
	});
});

describe('what is told in the waiting room', () => {
	const INTERVAL = 250;

	it('is told at once to who is new, and of changes soon, the last of them only', async () => {
		const { clock, enter, tell, places, grant } = roomWith();
		for (const buildId of ['a1', 'a2', 'a3', 'a4']) {
			enter(buildId, 'ann');
			tell();
		}
		expect(places('a4')).toEqual([[4, 'all-builders-busy']]);
		grant();
		tell();
		grant();
		tell();
		expect(places('a4')).toHaveLength(1);
		expect(clock.pending).toBe(1);
		await clock.advance(INTERVAL);
		expect(places('a4').slice(1)).toEqual([[2, 'all-builders-busy']]);
		await clock.advance(10 * INTERVAL);
		tell();
		await clock.advance(10 * INTERVAL);
		expect(places('a4')).toHaveLength(2);
		expect(clock.pending).toBe(0);
	});

	it('is told at once where nothing was told lately', async () => {
		const { clock, enter, tell, places, grant } = roomWith();
		enter('a1', 'ann');
		enter('a2', 'ann');
		tell();
		await clock.advance(INTERVAL);
		grant();
		tell();
		expect(places('a2').at(-1)).toEqual([1, 'all-builders-busy']);
	});

	it('is told to one more who waits for the same build', () => {
		const { enter, tell, room } = roomWith();
		enter('a1', 'ann');
		tell();
		const another = new CheckoutHandle('a1', undefined);
		const heard: CheckoutEvent[] = [];
		another.tell = (event) => heard.push(event);
		const entry = room.find('a1');
		if (entry !== undefined) room.join(entry, another);
		tell();
		expect(heard).toEqual([{ type: 'place', place: 1, reason: 'all-builders-busy' }]);
	});

	it('waits for its time where the line is long', async () => {
		const { clock, enter, tell, places } = roomWith();
		for (let number = 0; number < 400; number++) enter(`a${number}`, 'ann');
		tell();
		enter('late', 'ann');
		tell();
		await clock.advance(999);
		expect(places('late')).toEqual([]);
		await clock.advance(1);
		expect(places('late')).toEqual([[401, 'all-builders-busy']]);
	});

	it('is told to a long line in parts, to those who wait still', async () => {
		const { clock, enter, tell, places, handles, room } = roomWith();
		const names = Array.from({ length: 350 }, (_, number) => `a${number}`);
		for (const name of names) enter(name, 'ann');
		tell();
		expect(names.filter((name) => places(name).length > 0)).toEqual(names.slice(0, 25));
		await handles.get('a120')?.close();
		tell();
		await clock.advance(1);
		expect(names.filter((name) => places(name).length === 0)).toEqual(['a120']);
		expect(places('a349')).toEqual([[350, 'all-builders-busy']]);
		await clock.advance(10 * INTERVAL);
		expect(places('a349').slice(1)).toEqual([[349, 'all-builders-busy']]);
		enter('late', 'ann');
		tell();
		room.close();
		expect(clock.pending).toBe(0);
	});

	it('leaves no timer behind when the last has left', async () => {
		const { clock, enter, tell, handles } = roomWith();
		enter('a1', 'ann');
		tell();
		enter('a2', 'ann');
		tell();
		expect(clock.pending).toBe(1);
		for (const handle of handles.values()) await handle.close();
		tell();
		expect(clock.pending).toBe(0);
	});

	it.each([
		[0, 250],
		[1, 250],
		[100, 250],
		[200, 500],
		[800, 2_000],
		[100_000, 2_000],
	])('comes to %i that wait every %i ms', (waiting, ms) => {
		expect(tellingInterval(waiting)).toBe(ms);
	});
});
