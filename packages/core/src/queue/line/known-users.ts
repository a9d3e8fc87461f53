import { type ResolvedUserRules, type UserPolicy, userRules } from './user-policy.js';

/** The users of a queue, as far as authentication has told of their groups: what holds for each. */
export class KnownUsers {
	readonly #policy: () => UserPolicy;
	readonly #groups = new Map<string, readonly string[]>();

	constructor(policy: () => UserPolicy) {
		this.#policy = policy;
	}

	/** What authentication says of a user; the last word counts. */
	setGroups(user: string, groups: readonly string[]): void {
		if (groups.length > 0) this.#groups.set(user, groups);
		else this.#groups.delete(user);
	}

	rulesOf(user: string): ResolvedUserRules {
		return userRules(this.#policy(), user, this.#groups.get(user));
	}
}
