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
	/** The pools that builds may go to. @default all */
	readonly pools?: readonly string[] | undefined;
	/** Whether everybody's builds may be seen and canceled. @default false */
	readonly operator?: boolean | undefined;
}

/** The rules for all users of a queue: what a user's own leave open, the groups' say, and then the default's. */
export interface UserPolicy {
	/** For everybody. */
	readonly default?: UserRules | undefined;
	/** By the user's name. */
	readonly byName?: Readonly<Record<string, UserRules>> | undefined;
	/** By the name of a group that authentication vouches for; of several groups of a user the first here goes before. */
	readonly byGroup?: Readonly<Record<string, UserRules>> | undefined;
}

/** A user's rules with nothing left open but limits that there are not. */
export interface ResolvedUserRules {
	readonly running: number | undefined;
	readonly waiting: number | undefined;
	readonly priority: CheckoutPriority;
	readonly maxPriority: CheckoutPriority;
	readonly pools: readonly string[] | undefined;
	readonly operator: boolean;
}

/** What holds for a user with these groups. */
export function userRules(
	policy: UserPolicy,
	user: string,
	groups: readonly string[] = [],
): ResolvedUserRules {
	const { default: common = {}, byName = {}, byGroup = {} } = policy;
	const own = Object.hasOwn(byName, user) ? byName[user] : undefined;
	const ofGroups = Object.keys(byGroup).flatMap((group) => (groups.includes(group) ? byGroup[group] : []));
	const levels = [own, ...ofGroups, common].filter((rules) => rules !== undefined);
	const first = <K extends keyof UserRules>(key: K): UserRules[K] =>
		levels.find((rules) => rules[key] !== undefined)?.[key];
	const priority = first('priority') ?? 'normal';
	// Who is given another priority than the next level is not held by that level's bound.
	const bounding = levels.slice(0, levels.findIndex((rules) => rules.priority !== undefined) + 1);
	const bounds = bounding.length === 0 ? levels : bounding;
	return {
		running: first('running'),
		waiting: first('waiting'),
		priority,
		maxPriority: bounds.find(({ maxPriority }) => maxPriority !== undefined)?.maxPriority ?? priority,
		pools: first('pools'),
		operator: first('operator') ?? false,
	};
}
