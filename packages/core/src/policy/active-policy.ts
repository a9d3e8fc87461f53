import { checkPolicy } from './check-policy.js';
import { isOn } from './period-clock.js';
import type { CreateRate, PoolPolicy } from './pool-policy.js';

/** A policy at one moment, with nothing left open. See {@link PoolPolicy} for what the fields mean. */
export interface ActivePolicy {
	readonly enabled: boolean;
	readonly max: number;
	readonly reserve: number;
	readonly scaleFactor: number;
	readonly maxReserve: number;
	readonly maxReserveAgeMs?: number | undefined;
	readonly createConcurrency: number;
	readonly createRate?: CreateRate | undefined;
	readonly launchRetries: number;
}

/**
 * The policy in force at a moment, in milliseconds since 1970. It holds until {@link nextPolicyChange}. Throws
 * `invalid-option` where the policy cannot be kept.
 */
export function activePolicy(policy: PoolPolicy, epochMs: number): ActivePolicy {
	checkPolicy(policy);
	let { max = 4, reserve = 0, scaleFactor = 0, maxReserve } = policy;
	for (const period of policy.periods ?? []) {
		if (!isOn(period, epochMs)) continue;
		max = period.max ?? max;
		reserve = period.reserve ?? reserve;
		scaleFactor = period.scaleFactor ?? scaleFactor;
		maxReserve = period.maxReserve ?? maxReserve;
	}
	const ceiling = Math.min(maxReserve ?? max, max);
	return {
		enabled: policy.enabled ?? true,
		max,
		reserve: Math.min(reserve, ceiling),
		scaleFactor,
		maxReserve: ceiling,
		maxReserveAgeMs: policy.maxReserveAgeMs,
		createConcurrency: policy.createConcurrency ?? 2,
		createRate: policy.createRate,
		launchRetries: policy.launchRetries ?? 5,
	};
}
