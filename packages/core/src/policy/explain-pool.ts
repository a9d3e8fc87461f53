import type { PoolExplanation, PoolHold } from './pool-explanation.js';
import type { PoolCreateReason, PoolDestroyReason } from './pool-snapshot.js';

const HOLDS: Readonly<Record<PoolHold['by'], string>> = {
	draining: 'the queue is closing',
	disabled: 'the pool is turned off',
	max: 'the pool is at its maximum',
	quota: 'the provider has no room',
	pausing: 'a launch failed, and a pause is on',
	'provider-failing': 'launches fail, so one at a time is tried',
	rate: 'enough were begun lately',
	concurrency: 'enough are being made',
};

const PURPOSES: Readonly<Record<PoolCreateReason, string>> = {
	checkout: 'for checkouts',
	reserve: 'for the reserve',
	rotation: 'in place of old ones',
};

const CAUSES: Readonly<Record<PoolDestroyReason, string>> = {
	failed: 'failed',
	expired: 'near the end of their lives',
	outdated: 'replaced',
	surplus: 'not needed',
	closing: 'the queue is closing',
	disabled: 'the pool is turned off',
};

/** The account of a decision in one or two short sentences. */
export function explainPool(explanation: PoolExplanation): string {
	const { wanted, have, outdated } = explanation;
	const starting = have.creating + have.booting;
	const going = have.destroying + have.failed;
	const parts = [
		`${have.ready} ready`,
		`${starting} starting`,
		`${have.leased} leased`,
		...(going > 0 ? [`${going} going`] : []),
		...(outdated > 0 ? [`${outdated} to be replaced`] : []),
	];
	const waiting = `${wanted.waiting} ${wanted.waiting === 1 ? 'checkout waits' : 'checkouts wait'}`;
	const state = `${waiting}, reserve ${wanted.reserve}: ${parts.join(', ')}.`;
	const actions = whatIsDone(explanation);
	return actions.length === 0 ? state : `${state} ${capitalized(actions.join('; '))}.`;
}

function whatIsDone({ create, createReason, destroy, heldBy }: PoolExplanation): string[] {
	const actions: string[] = [];
	if (create > 0) actions.push(`making ${create} ${PURPOSES[createReason]}`);
	if (destroy.length > 0) actions.push(`giving up ${destroy.length} (${causes(destroy)})`);
	if (heldBy.length > 0) {
		const missing = heldBy.reduce((sum, hold) => sum + hold.missing, 0);
		actions.push(`${missing}${create > 0 ? ' more' : ''} wanted but not made: ${holds(heldBy)}`);
	}
	return actions;
}

function causes(destroy: PoolExplanation['destroy']): string {
	const counts = new Map<string, number>();
	for (const { reason } of destroy) counts.set(CAUSES[reason], (counts.get(CAUSES[reason]) ?? 0) + 1);
	if (counts.size === 1) return [...counts.keys()].join('');
	return [...counts].map(([cause, count]) => `${count} ${cause}`).join(', ');
}

function holds(heldBy: readonly PoolHold[]): string {
	return heldBy
		.map(({ by, missing, untilMs }) => {
			const count = heldBy.length > 1 ? ` (${missing})` : '';
			const time = untilMs === undefined ? '' : `, for ${Math.max(1, Math.ceil(untilMs / 1_000))} s more`;
			return `${HOLDS[by]}${time}${count}`;
		})
		.join('; ');
}

function capitalized(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
