import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, MINUTE, priority, type TestEntry, TwoLines } from './line-commands.js';

const PATIENCE = 60 * MINUTE;

function after(list: Parameters<TwoLines['run']>[0][], onGrant?: Parameters<TwoLines['run']>[1]): TwoLines {
	const lines = new TwoLines(PATIENCE);
	for (const command of list) lines.run(command, onGrant);
	return lines;
}

describe('whatever happens to a line', () => {
	it('serves by the rules, and never over a limit', () => {
		fc.assert(
			fc.property(commands, (list) => {
				const lines = new TwoLines(PATIENCE);
				const { line, model } = lines;
				for (const command of list) {
					lines.run(command, (entry) => {
						expect(entry).toBe(model.peek(lines.now));
						if (entry === undefined) return;
						const running = lines.running.filter(({ user }) => user === entry.user).length;
						expect(running).toBeLessThan(lines.limits.get(entry.user) ?? Infinity);
					});
					expect(line.peek(lines.now)).toBe(model.peek(lines.now));
				}
			}),
			{ numRuns: 500 },
		);
	});

	it('loses nobody and serves nobody twice', () => {
		fc.assert(
			fc.property(commands, (list) => {
				const { line, model, joined, left, served } = after(list);
				expect(line.length).toBe(model.entries.length);
				expect(line.entries).toEqual(model.entries);
				const ids = [...line.entries, ...left, ...served].map(({ id }) => id).sort((a, b) => a - b);
				expect(ids).toEqual(joined.map(({ id }) => id));
			}),
		);
	});

	it('counts who waits and runs, and how many could', () => {
		fc.assert(
			fc.property(commands, (list) => {
				const { line, model, limits } = after(list);
				let runnable = 0;
				for (const user of ['ann', 'bob', 'cid', 'dee', 'eve']) {
					const waiting = model.entries.filter((entry) => entry.user === user).length;
					const running = model.running.get(user) ?? 0;
					expect(line.waitingOf(user)).toBe(waiting);
					expect(line.runningOf(user)).toBe(running);
					runnable += Math.min(waiting, Math.max(0, (limits.get(user) ?? Infinity) - running));
				}
				expect(line.runnable).toBe(runnable);
			}),
		);
	});

	it('tells the order in which all are served if no lease ends', () => {
		fc.assert(
			fc.property(commands, (list) => {
				const lines = after(list);
				const { line, model } = lines;
				const order = line.order(lines.now);
				expect(order).toHaveLength(line.length);
				const served: TestEntry[] = [];
				for (let entry = lines.grant(); entry !== undefined; entry = lines.grant()) served.push(entry);
				const isServed = order.filter(({ reason }) => reason === undefined);
				expect(isServed.map(({ entry }) => entry)).toEqual(served);
				const rest = order.slice(served.length);
				expect(rest.map(({ entry }) => entry)).toEqual(model.entries);
				expect(rest.every(({ reason }) => reason === 'user-limit')).toBe(true);
				expect(line.peek(lines.now)).toBeUndefined();
				expect(line.runnable).toBe(0);
			}),
			{ numRuns: 300 },
		);
	});

	it('serves a user who is overdue after one entry of each who is so for longer, whoever comes meanwhile', () => {
		const arrivals = fc.array(
			fc.record({ user: fc.constantFrom('ann', 'bob', 'fay'), priority, afterMs: fc.nat({ max: MINUTE }) }),
			{ maxLength: 40 },
		);
		let checked = 0;
		fc.assert(
			fc.property(commands, arrivals, fc.nat(), (list, newcomers, choice) => {
				const lines = after(list);
				lines.now += 30 * MINUTE;
				const candidates = lines.model.overdue(lines.now);
				const chosen = candidates[choice % Math.max(1, candidates.length)];
				if (chosen === undefined) return;
				checked++;
				const { entry, since } = chosen;
				// All that may go first: those sent ahead, and one of each who was kept waiting before.
				const ahead = lines.model.eligible().filter((one) => one.ahead).length;
				const before = ahead + candidates.filter((one) => one.since <= since).length;
				lines.limits.delete(entry.user);
				lines.line.limitsChanged();
				let grants = 0;
				for (const { afterMs, ...wish } of [...newcomers, ...newcomers]) {
					lines.now += afterMs;
					lines.join({ ...wish, since: lines.now }, false);
					grants++;
					if (lines.grant()?.user === entry.user) break;
				}
				while (!lines.served.some(({ user }) => user === entry.user) && grants <= before) {
					grants++;
					lines.grant();
				}
				expect(grants).toBeLessThanOrEqual(before);
			}),
			{ numRuns: 300 },
		);
		expect(checked).toBeGreaterThan(50);
	});

	it('lets nobody wait for a backlog, however old that is', () => {
		const lines = new TwoLines(PATIENCE);
		for (let count = 0; count < 50; count++) lines.join({ user: 'ann', priority: 'normal', since: 0 }, false);
		lines.now = 10 * PATIENCE;
		lines.join({ user: 'bob', priority: 'normal', since: lines.now }, false);
		// The backlog's turn comes once, for its owner was never served; the newcomer's is next.
		expect(lines.grant()?.user).toBe('ann');
		expect(lines.grant()?.user).toBe('bob');
	});
});
