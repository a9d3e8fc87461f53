import { ContainerBuilderError } from '../../spec/index.js';
import type { UserLimits } from './fair-line.js';

/** In which order checkouts are served, and how many one user may have. */
export interface LinePolicy {
	/** After how many milliseconds what a user had of the builders counts half. @default 21600000 */
	readonly halfLifeMs?: number | undefined;
	/**
	 * A user of whom nothing was served for so many milliseconds comes next, whatever the class; then it counts anew.
	 * `Infinity`: never. @default 3600000
	 */
	readonly patienceMs?: number | undefined;
	/** The limits of a user; may answer otherwise later. @default no limits */
	readonly limitsOf?: ((user: string) => UserLimits) | undefined;
	/** For how many milliseconds a lease is expected to last. @default the average of late, 600000 before the first */
	readonly expectedMs?: (() => number) | undefined;
}

/** A policy with nothing left open but what the queue finds out itself. */
export interface LineRules {
	readonly halfLifeMs: number;
	readonly patienceMs: number;
	readonly limitsOf: (user: string) => UserLimits;
	readonly expectedMs: (() => number) | undefined;
}

/** Fills in the defaults. Throws `invalid-option`. */
export function resolveLinePolicy(policy: LinePolicy = {}): LineRules {
	const {
		halfLifeMs = 6 * 3_600_000,
		patienceMs = 3_600_000,
		limitsOf = () => ({}),
		expectedMs = undefined,
	} = policy;
	if (!(halfLifeMs > 0 && halfLifeMs < Infinity)) {
		throw invalid(`the half-life of usage must be more than 0 and finite, not ${halfLifeMs}`);
	}
	if (!(patienceMs >= 0)) throw invalid(`the patience must be 0 or more, not ${patienceMs}`);
	return { halfLifeMs, patienceMs, limitsOf, expectedMs };
}

function invalid(message: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint: 'Times are in milliseconds.' });
}
