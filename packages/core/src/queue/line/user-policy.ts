import type { CheckoutPriority } from '../../spec/index.js';

/** What one user may have at a time, and how soon. */
export interface UserRules {
	/** Most builds that run at a time. @default no limit */
	readonly running?: number | undefined;
	/** Most builds in line at a time; more are refused with `busy`. @default no limit */
	readonly waiting?: number | undefined;
	/** The class of checkouts that name none. @default 'normal' */
	readonly priority?: CheckoutPriority | undefined;
	/** The highest class that a checkout may name; above it, it is `forbidden`. @default what `priority` is */
	readonly maxPriority?: CheckoutPriority | undefined;
}

/** The rules for all users of a queue. */
export interface UserPolicy {
	/** For who is not named; what a named user's rules leave open too. */
	readonly default?: UserRules | undefined;
	/** By the user's name. */
	readonly byName?: Readonly<Record<string, UserRules>> | undefined;
}

/** A user's rules with nothing left open but limits that there are not. */
export interface ResolvedUserRules {
	readonly running: number | undefined;
	readonly waiting: number | undefined;
	readonly priority: CheckoutPriority;
	readonly maxPriority: CheckoutPriority;
}

/** What holds for a user. */
export function userRules(policy: UserPolicy, user: string): ResolvedUserRules {
	const { default: common = {}, byName = {} } = policy;
	const own = Object.hasOwn(byName, user) ? (byName[user] ?? {}) : {};
	const priority = own.priority ?? common.priority ?? 'normal';
	return {
		running: own.running ?? common.running,
		waiting: own.waiting ?? common.waiting,
		priority,
		maxPriority: own.maxPriority ?? (own.priority === undefined ? common.maxPriority : undefined) ?? priority,
	};
}
