import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Options of {@link Nonces}. */
export interface NoncesOptions {
	/** For how long one can be used, in milliseconds. */
	readonly lifetimeMs: number;
	/** Milliseconds since the epoch. */
	readonly now: () => number;
}

/**
 * Numbers that are good for one use, soon. They are signed instead of remembered: who asks for millions of them costs no
 * memory; only those that were used are kept, until they would have been over.
 */
export class Nonces {
	readonly #key = randomBytes(32);
	readonly #options: NoncesOptions;
	readonly #used = new Map<string, number>();

	constructor(options: NoncesOptions) {
		this.#options = options;
	}

	/** In base64url. */
	make(): string {
		const head = Buffer.alloc(20);
		head.writeBigUInt64BE(BigInt(this.#options.now() + this.#options.lifetimeMs));
		randomBytes(12).copy(head, 8);
		return Buffer.concat([head, this.#sign(head)]).toString('base64url');
	}

	/** Whether it is one of these, not over, and not used before; it is used then. */
	use(nonce: string): boolean {
		const bytes = Buffer.from(nonce, 'base64url');
		if (bytes.length !== 52 || bytes.toString('base64url') !== nonce) return false;
		const head = bytes.subarray(0, 20);
		if (!timingSafeEqual(bytes.subarray(20), this.#sign(head))) return false;
		const now = this.#options.now();
		const until = Number(head.readBigUInt64BE());
		for (const [used, over] of this.#used) if (over <= now) this.#used.delete(used);
		if (until <= now || this.#used.has(nonce)) return false;
		this.#used.set(nonce, until);
		return true;
	}

	#sign(head: Buffer): Buffer {
		return createHmac('sha256', this.#key).update(head).digest();
	}
}
