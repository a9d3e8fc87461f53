import fc from 'fast-check';
import { FairLine } from '../../src/queue/line/fair-line.js';
import { FairShare } from '../../src/queue/line/fair-share.js';
import type { LineEntry } from '../../src/queue/line/line-entry.js';
import { NaiveLine } from './naive-line.js';

export const MINUTE = 60_000;
const EXPECTED = 10 * MINUTE;
const HALF_LIFE = 60 * MINUTE;
const USERS = ['ann', 'bob', 'cid', 'dee', 'eve'] as const;

/** An entry with a name to tell it by. */
export interface TestEntry extends LineEntry {
	readonly id: number;
}

/** What may happen to a line. Numbers choose among what there is. */
export type LineCommand =
	| { readonly do: 'join' | 'ahead'; readonly user: string; readonly priority: TestEntry['priority'] }
	| { readonly do: 'join-late'; readonly user: string; readonly sinceMs: number }
	| { readonly do: 'leave'; readonly which: number }
	| { readonly do: 'grant'; readonly times: number }
	| { readonly do: 'end' | 'take-back'; readonly which: number }
	| { readonly do: 'wait'; readonly ms: number }
	| { readonly do: 'limit'; readonly user: string; readonly running: number | undefined };

const user = fc.constantFrom(...USERS);
const which = fc.nat({ max: 1_000 });
export const priority = fc.constantFrom<TestEntry['priority']>('low', 'normal', 'high');

const command = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constant('join' as const), user, priority }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('ahead' as const), user, priority }) },
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant('join-late' as const),
			user,
			sinceMs: fc.integer({ min: 0, max: 90 * MINUTE }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which }) },
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constant('grant' as const), times: fc.integer({ min: 1, max: 3 }) }),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('take-back' as const), which }) },
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constant('wait' as const),
			ms: fc.integer({ min: 0, max: 40 * MINUTE }),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant('limit' as const),
			user,
			running: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
		}),
	},
);

export const commands: fc.Arbitrary<LineCommand[]> = fc.array(command, { maxLength: 100, size: 'max' });

/** The line and its model, to which the same happens. */
export class TwoLines {
	readonly line: FairLine<TestEntry>;
	readonly model: NaiveLine<TestEntry>;
	readonly limits = new Map<string, number | undefined>();
	readonly joined: TestEntry[] = [];
	readonly left: TestEntry[] = [];
	readonly served: TestEntry[] = [];
	readonly running: { readonly user: string; readonly since: number }[] = [];
	now = 1_000_000;

	constructor(patienceMs: number) {
		const limitsOf = (name: string) => ({ running: this.limits.get(name) });
		const share = new FairShare({ halfLifeMs: HALF_LIFE });
		this.line = new FairLine({ share, patienceMs, limitsOf, expectedMs: () => EXPECTED });
		this.model = new NaiveLine({ halfLifeMs: HALF_LIFE, patienceMs, limitsOf });
	}

	/** Does it to both; `onGrant` is told before an entry is served. */
	run(one: LineCommand, onGrant: (entry: TestEntry | undefined) => void = () => {}): void {
		switch (one.do) {
			case 'join':
			case 'ahead':
				this.join({ user: one.user, priority: one.priority, since: this.now }, one.do === 'ahead');
				break;
			case 'join-late':
				this.join({ user: one.user, priority: 'normal', since: this.now - one.sinceMs }, false);
				break;
			case 'leave': {
				const entry = this.line.entries[one.which % Math.max(1, this.line.length)];
				if (entry === undefined) break;
				this.line.leave(entry);
				this.model.leave(entry);
				this.left.push(entry);
				break;
			}
			case 'grant':
				for (let time = 0; time < one.times; time++) this.grant(onGrant);
				break;
			case 'end': {
				const [lease] = this.running.splice(one.which % Math.max(1, this.running.length), 1);
				if (lease === undefined) break;
				this.line.ended(lease.user, this.now - lease.since, EXPECTED, this.now);
				this.model.ended(lease.user, this.now - lease.since, EXPECTED, this.now);
				break;
			}
			case 'take-back': {
				const [lease] = this.running.splice(one.which % Math.max(1, this.running.length), 1);
				if (lease === undefined) break;
				this.line.takenBack(lease.user, EXPECTED, lease.since);
				this.model.takenBack(lease.user, EXPECTED, lease.since);
				break;
			}
			case 'wait':
				this.now += one.ms;
				break;
			case 'limit':
				this.limits.set(one.user, one.running);
				this.line.limitsChanged();
		}
	}

	join(wish: LineEntry, ahead: boolean): TestEntry {
		const entry = { ...wish, id: this.joined.length };
		this.joined.push(entry);
		if (ahead) this.line.joinAhead(entry);
		else this.line.join(entry);
		this.model.join(entry, ahead);
		return entry;
	}

	grant(onGrant: (entry: TestEntry | undefined) => void = () => {}): TestEntry | undefined {
		const entry = this.line.next(this.now);
		onGrant(entry);
		if (entry === undefined) return undefined;
		this.model.leave(entry);
		this.line.granted(entry.user, this.now);
		this.model.granted(entry.user, EXPECTED, this.now);
		this.served.push(entry);
		this.running.push({ user: entry.user, since: this.now });
		return entry;
	}
}
