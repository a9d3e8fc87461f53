import { explainPool } from '@olcf/container-builder-core/policy';
import type { BuilderSummary, PoolBuilderState, PoolSummary } from '@olcf/container-builder-core/spec';

/** In the order of a builder's life. */
const STATES: readonly PoolBuilderState[] = [
	'creating',
	'booting',
	'ready',
	'leased',
	'failed',
	'destroying',
];

/** A pool, what it has of what it may have, and why it does what it does. */
export function describePool(
	{ name, provider, architecture, emulates = [], max, reserve, explanation }: PoolSummary,
	builders: readonly BuilderSummary[],
): string[] {
	const states = builders.filter(({ pool }) => pool === name).map(({ state }) => state);
	const counts = STATES.map((state) => [states.filter((one) => one === state).length, state] as const);
	const present = counts.filter(([count]) => count > 0);
	const total = present.reduce((sum, [count]) => sum + count, 0);
	const detail = present.map(([count, state]) => `${count} ${state}`).join(', ');
	return [
		`POOL: ${name}`,
		`PROVIDER: ${provider}`,
		`ARCHITECTURE: ${architecture}${emulates.length === 0 ? '' : ` (and ${emulates.join(', ')} by emulation)`}`,
		`BUILDERS: ${total} of at most ${max}${detail === '' ? '' : ` (${detail})`}`,
		`RESERVE: ${reserve}`,
		`WHY: ${explanation === undefined ? 'nothing has been decided yet' : explainPool(explanation)}`,
	];
}
