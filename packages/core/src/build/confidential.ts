import type { BuildRequest, BuildSecret, RegistryLogin } from '../spec/index.js';

/**
 * The part of a request that nobody must see. Private fields: neither `inspect` nor `JSON.stringify` of anything that
 * holds it shows it.
 */
export class Confidential {
	readonly #secrets: readonly BuildSecret[];
	readonly #logins: readonly RegistryLogin[];

	constructor(secrets: readonly BuildSecret[], logins: readonly RegistryLogin[]) {
		this.#secrets = secrets;
		this.#logins = logins;
	}

	/** To be sent, and not kept. */
	reveal(): Pick<BuildRequest, 'secrets' | 'logins'> {
		return {
			...(this.#secrets.length === 0 ? {} : { secrets: this.#secrets }),
			...(this.#logins.length === 0 ? {} : { logins: this.#logins }),
		};
	}
}
