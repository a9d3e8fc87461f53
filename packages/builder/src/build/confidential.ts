import type { BuildRequest, BuildSecret, RegistryLogin } from '@olcf/container-builder-core';

/** A request without what nobody may see. */
export type OpenRequest = Omit<BuildRequest, 'secrets' | 'logins'>;

/** What of a request nobody may see; it is given out once, so that no more references stay than are needed. */
export class Confidential {
	#held: { readonly secrets: readonly BuildSecret[]; readonly logins: readonly RegistryLogin[] } | undefined;

	private constructor({ secrets = [], logins = [] }: BuildRequest) {
		this.#held = { secrets, logins };
	}

	/** Parts a request in two. */
	static of(request: BuildRequest): readonly [OpenRequest, Confidential] {
		const { secrets: _secrets, logins: _logins, ...open } = request;
		return [open, new Confidential(request)];
	}

	/** All of it; nothing the second time. */
	take(): { readonly secrets: readonly BuildSecret[]; readonly logins: readonly RegistryLogin[] } {
		const held = this.#held;
		this.#held = undefined;
		return held ?? { secrets: [], logins: [] };
	}
}
