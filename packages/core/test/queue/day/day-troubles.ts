import { QUEUE_STEPS, type QueueStep } from '@olcf/container-builder-core';
import type { FakeCall } from '@olcf/container-builder-testing';
import type { DayPool } from './day-plan.js';
import type { DayRandom } from './day-random.js';
import { DAY, MINUTE } from './time.js';

/** What happens to the queue, its network and its cloud besides what happens to machines. */
export type DayTrouble = { readonly atMs: number } & (
	| { readonly kind: 'crash' | 'hand-over'; readonly downMs: number }
	/** At the next time that the queue gets there. */
	| { readonly kind: 'crash-at-step'; readonly step: QueueStep; readonly downMs: number }
	/** All connections to builders break, or nobody reaches one of these any more, or it answers nothing any more. */
	| { readonly kind: 'connections-break' | 'builder-unreachable' | 'builder-silent' }
	/** Undefined: as large as one likes again. */
	| { readonly kind: 'quota'; readonly machines: number | undefined }
	| { readonly kind: 'calls-fail'; readonly method: FakeCall['method']; readonly times: number }
	| { readonly kind: 'call-hangs'; readonly method: FakeCall['method'] }
	| { readonly kind: 'policy'; readonly changes: readonly Pick<DayPool, 'name' | 'max' | 'reserve'>[] }
	| { readonly kind: 'new-image' }
);

export const TROUBLES = [
	'crash',
	'hand-over',
	'crash-at-step',
	'connections-break',
	'builder-unreachable',
	'builder-silent',
	'quota',
	'calls-fail',
	'call-hangs',
	'policy',
	'new-image',
] as const satisfies readonly DayTrouble['kind'][];

const METHODS = ['create', 'destroy', 'list', 'headroom', 'resolveImage', 'sweep'] as const;

/** By their time. A day has none of some kinds. */
export function dayTroubles(pools: readonly DayPool[], random: DayRandom): readonly DayTrouble[] {
	const troubles: DayTrouble[] = [];
	const happen = (most: number, make: (atMs: number) => DayTrouble | readonly DayTrouble[]): void => {
		const count = random.chance(0.6) ? random.whole(1, most) : 0;
		for (let one = 0; one < count; one++) troubles.push(...[make(random.between(0, DAY))].flat());
	};
	const downMs = (): number => (random.chance(0.3) ? 0 : random.between(0, 3 * MINUTE));
	happen(4, (atMs) => ({ atMs, kind: 'crash', downMs: downMs() }));
	happen(3, (atMs) => ({ atMs, kind: 'hand-over', downMs: downMs() }));
	happen(4, (atMs) => ({
		...{ atMs, kind: 'crash-at-step', downMs: downMs() },
		step: QUEUE_STEPS[random.whole(0, QUEUE_STEPS.length - 1)] ?? 'create-sent',
	}));
	happen(20, (atMs) => ({ atMs, kind: 'connections-break' }));
	happen(3, (atMs) => ({ atMs, kind: 'builder-unreachable' }));
	happen(3, (atMs) => ({ atMs, kind: 'builder-silent' }));
	happen(3, (atMs) => [
		{ atMs, kind: 'quota', machines: random.whole(1, 4) },
		{ atMs: atMs + random.between(5, 90) * MINUTE, kind: 'quota', machines: undefined },
	]);
	happen(5, (atMs) => ({
		...{ atMs, kind: 'calls-fail', method: random.oneOf(METHODS), times: random.whole(1, 12) },
	}));
	happen(3, (atMs) => ({ atMs, kind: 'call-hangs', method: random.oneOf(METHODS) }));
	happen(3, (atMs) => ({ atMs, kind: 'policy', changes: pools.map((pool) => policyChange(pool, random)) }));
	happen(2, (atMs) => ({ atMs, kind: 'new-image' }));
	return troubles.sort((a, b) => a.atMs - b.atMs);
}

function policyChange({ name }: DayPool, random: DayRandom): Pick<DayPool, 'name' | 'max' | 'reserve'> {
	const max = random.whole(1, 6);
	return { name, max, reserve: random.whole(0, Math.min(max, 3)) };
}
