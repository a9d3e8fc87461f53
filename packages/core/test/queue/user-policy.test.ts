import { describe, expect, test } from 'vitest';
import { type UserPolicy, userRules } from '../../src/queue/line/user-policy.js';

const POLICY: UserPolicy = {
	default: { running: 2, waiting: 10, pools: ['small'] },
	byName: { alice: { running: 8 }, oscar: { operator: true } },
	byGroup: {
		staff: { running: 4, priority: 'high', pools: ['small', 'large'] },
		guests: { running: 1, priority: 'low', maxPriority: 'low' },
	},
};
const NOBODY = {
	...{ running: 2, waiting: 10, priority: 'normal', maxPriority: 'normal' },
	...{ pools: ['small'], operator: false },
};
const STAFF = {
	...{ ...NOBODY, running: 4, priority: 'high', maxPriority: 'high' },
	pools: ['small', 'large'],
};

describe('the rules for a user', () => {
	test.each([
		['who is not named', 'bob', [], NOBODY],
		['in a group that is not named', 'bob', ['others'], NOBODY],
		['with a name of what every object has', 'constructor', ['constructor'], NOBODY],
		['who is named, where the rest is the default’s', 'alice', [], { ...NOBODY, running: 8 }],
		['of a group', 'bob', ['staff'], STAFF],
		['of two groups: the first of the configuration goes before', 'bob', ['guests', 'staff'], STAFF],
		[
			'who is named, and in a group: his own goes before',
			'alice',
			['guests'],
			{ ...NOBODY, running: 8, priority: 'low', maxPriority: 'low' },
		],
		['who is an operator', 'oscar', [], { ...NOBODY, operator: true }],
	] as const)('%s', (_what, user, groups, expected) => {
		expect(userRules(POLICY, user, groups)).toEqual(expected);
	});

	test('the bound of a priority is that of the level that names the priority, or of one before', () => {
		const bounded: UserPolicy = {
			default: { maxPriority: 'high' },
			byGroup: { slow: { priority: 'low' } },
			byName: { alice: { maxPriority: 'normal' } },
		};
		const bound = (user: string, groups: readonly string[] = []) => {
			const { priority, maxPriority } = userRules(bounded, user, groups);
			return [priority, maxPriority];
		};
		expect(bound('bob')).toEqual(['normal', 'high']);
		expect(bound('bob', ['slow'])).toEqual(['low', 'low']);
		expect(bound('alice', ['slow'])).toEqual(['low', 'normal']);
	});
});
