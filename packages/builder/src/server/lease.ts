import { createHash } from 'node:crypto';
import { equalMacs } from '@olcf/container-builder-core/protocol';

/** The one lease of a builder: the tokens that open its channels. */
export class Lease {
	readonly leaseId: string;
	readonly #tokens = new Set<string>();

	constructor(lease: { readonly leaseId: string; readonly tokenSha256: string }) {
		this.leaseId = lease.leaseId;
		this.addToken(lease.tokenSha256);
	}

	/** Lets in whoever has the token of this SHA-256, too. */
	addToken(tokenSha256: string): void {
		this.#tokens.add(tokenSha256);
	}

	/** Whether it lets in the token of this SHA-256. */
	hasToken(tokenSha256: string): boolean {
		return this.#tokens.has(tokenSha256);
	}

	/** Whether the token is one of this lease, in a time that does not depend on which, or how nearly. */
	admits(token: string | undefined): boolean {
		const digest = createHash('sha256')
			.update(token ?? '')
			.digest('hex');
		let found = false;
		for (const known of this.#tokens) found = equalMacs(known, digest) || found;
		return token !== undefined && found;
	}
}
