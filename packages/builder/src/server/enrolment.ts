import { ContainerBuilderError } from '@olcf/container-builder-core';
import {
	type EnrolmentTranscript,
	enrolmentMac,
	equalMacs,
	randomSecret,
} from '@olcf/container-builder-core/protocol';

/** What one control channel has said so far. */
export interface Challenge {
	readonly key: 'secret' | 'session';
	readonly transcript: EnrolmentTranscript;
}

/** The answer to a challenge. */
export interface ChallengeAnswer {
	readonly builderId: string;
	readonly builderNonce: string;
	readonly fingerprint?: string;
	readonly mac: string;
}

/** Who may control this builder: whoever knew the one-time secret first, and since then the session key. */
export class Enrolment {
	readonly #builderId: string;
	readonly #fingerprint: string | undefined;
	#secret: string | undefined;
	#sessionKey: string | undefined;

	constructor(options: { builderId: string; secret: string; fingerprint: string | undefined }) {
		this.#builderId = options.builderId;
		this.#secret = options.secret;
		this.#fingerprint = options.fingerprint;
	}

	/** Whether the secret was spent: somebody has proved to know it. */
	get enrolled(): boolean {
		return this.#sessionKey !== undefined;
	}

	/** Proves this side to the one that sent the nonce. Throws `unauthenticated`. */
	challenge(queueNonce: string, key: 'secret' | 'session'): [Challenge, ChallengeAnswer] {
		const transcript: EnrolmentTranscript = {
			builderId: this.#builderId,
			queueNonce,
			builderNonce: randomSecret(),
			fingerprint: this.#fingerprint,
		};
		const mac = enrolmentMac(this.#key(key), 'builder', transcript);
		const { builderId, builderNonce, fingerprint } = transcript;
		return [
			{ key, transcript },
			{ builderId, builderNonce, mac, ...(fingerprint === undefined ? {} : { fingerprint }) },
		];
	}

	/** Checks the other side's proof. Throws `unauthenticated`, or `protocol` where the session key is missing. */
	accept(challenge: Challenge, mac: string, sessionKey: string | undefined): void {
		const expected = enrolmentMac(this.#key(challenge.key), 'queue', challenge.transcript);
		if (!equalMacs(expected, mac)) {
			throw new ContainerBuilderError('unauthenticated', 'the proof of the enrolment is wrong');
		}
		if (challenge.key === 'session') return;
		if (sessionKey === undefined) {
			throw new ContainerBuilderError('protocol', 'the first enrolment must bring a session key');
		}
		this.#sessionKey = sessionKey;
		this.#secret = undefined;
	}

	#key(key: 'secret' | 'session'): string {
		const value = key === 'secret' ? this.#secret : this.#sessionKey;
		if (value !== undefined) return value;
		throw new ContainerBuilderError(
			'unauthenticated',
			key === 'secret' ? 'the one-time secret of this builder is spent' : 'this builder is not enrolled yet',
		);
	}
}
