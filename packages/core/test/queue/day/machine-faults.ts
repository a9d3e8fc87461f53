import type { FakeMachineScript } from '@olcf/container-builder-testing';
import { DayRandom } from './day-random.js';
import { SECOND } from './time.js';

/** How often a machine has which fault, from 0 to 1. */
export type MachineFaults = Readonly<Record<MachineFault, number>>;

/** What may be wrong with one machine. */
export type MachineFault =
	| 'create-slow'
	| 'create-error'
	| 'create-lost'
	| 'answer-lost'
	| 'too-many-requests'
	| 'error-state'
	| 'never-ready'
	| 'dies'
	| 'dies-unseen'
	| 'delete-error'
	| 'delete-lingers'
	| 'lingers-as-running';

/** The most that a fault may be on a bad day. */
const MOST: MachineFaults = {
	'create-slow': 0.1,
	'create-error': 0.08,
	'create-lost': 0.05,
	'answer-lost': 0.03,
	'too-many-requests': 0.05,
	'error-state': 0.08,
	'never-ready': 0.05,
	dies: 0.1,
	'dies-unseen': 0.1,
	'delete-error': 0.1,
	'delete-lingers': 0.15,
	'lingers-as-running': 0.1,
};

export const MACHINE_FAULTS = Object.keys(MOST) as readonly MachineFault[];

/** Some faults are frequent on a day, others do not occur at all. */
export function machineFaults(random: DayRandom): MachineFaults {
	const odds = (most: number): number => (random.chance(0.5) ? random.between(0, most) : 0);
	return Object.fromEntries(MACHINE_FAULTS.map((fault) => [fault, odds(MOST[fault])])) as MachineFaults;
}

/** What becomes of the machine of that number; the same whenever it is asked for. */
export function machineScript(
	faults: MachineFaults,
	seed: number,
	index: number,
): { readonly script: FakeMachineScript; readonly has: ReadonlySet<MachineFault> } {
	const random = new DayRandom(seed * 7_919 + index * 104_729);
	const has = new Set(MACHINE_FAULTS.filter((fault) => random.chance(faults[fault])));
	const dies = has.has('dies') || has.has('dies-unseen');
	return {
		has,
		script: {
			delayMs: (has.has('create-slow') ? random.between(60, 400) : random.between(0, 5)) * SECOND,
			bootMs: random.between(5, 20) * SECOND,
			error: createError(has, random),
			answerLost: has.has('answer-lost'),
			fault: has.has('error-state') ? 'No valid host was found.' : undefined,
			neverReady: has.has('never-ready'),
			diesAfterMs: dies ? random.exponential(600 * SECOND, 0) : undefined,
			deathShows: has.has('dies-unseen') ? 'gone' : 'failed',
			deleteErrors: has.has('delete-error') ? random.whole(1, 5) : 0,
			deleteDelayMs: random.between(0, 3) * SECOND,
			lingersMs: has.has('delete-lingers') ? random.between(1, 60) * SECOND : 0,
			lingersAs: has.has('lingers-as-running') ? 'running' : 'deleting',
		},
	};
}

function createError(has: ReadonlySet<MachineFault>, random: DayRandom): FakeMachineScript['error'] {
	if (has.has('too-many-requests'))
		return { outcome: 'none', message: 'Too Many Requests', retryAfterMs: random.between(5, 120) * SECOND };
	if (has.has('create-lost')) return { outcome: 'unknown', message: 'Gateway Timeout' };
	if (has.has('create-error')) return { outcome: 'none', message: 'Internal Server Error' };
	return undefined;
}
