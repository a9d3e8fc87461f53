import { selectTransport } from '../../client/select-transport.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import {
	type Clock,
	ContainerBuilderError,
	type Endpoint,
	type ErrorCode,
	type Transport,
} from '../../spec/index.js';
import { withTimeLimit } from '../../time/time-limit.js';
import { type EnrolledBuilder, enrolBuilder } from './enrol-builder.js';

/** Milliseconds for one connection and its enrolment. */
const DIAL_LIMIT_MS = 10_000;

/** What dials go by. */
export interface BuilderDialerOptions {
	readonly builderId: string;
	readonly transports: readonly Transport[];
	/** The one-time secret of the bootstrap. */
	readonly secret: string;
	/** What takes its place at the enrolment. */
	readonly sessionKey: string;
	/** Whether the secret was spent: by an earlier process, `perhaps` where it did not come to note that down. */
	readonly spent: 'no' | 'perhaps' | 'yes';
	/** That an earlier enrolment proved. */
	readonly fingerprint: string | undefined;
	readonly clock: Clock;
	/** Allows unencrypted connections to other machines. */
	readonly insecure: boolean;
}

/** Dials one daemon and enrols: with the one-time secret until it is spent, with the session key from then on. */
export class BuilderDialer {
	readonly #options: BuilderDialerOptions;
	#spent: BuilderDialerOptions['spent'];
	#fingerprint: string | undefined;

	constructor(options: BuilderDialerOptions) {
		this.#options = options;
		this.#spent = options.spent;
		this.#fingerprint = options.fingerprint;
	}

	/** Of the certificate that the enrolment proved; undefined before, and on a connection without one. */
	get fingerprint(): string | undefined {
		return this.#fingerprint;
	}

	/** The endpoint for clients: with the fingerprint that the enrolment proved. */
	pinned(endpoint: Endpoint): Endpoint {
		return this.#fingerprint === undefined ? endpoint : { ...endpoint, fingerprint: this.#fingerprint };
	}

	/** One try. */
	dial(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<EnrolledBuilder> {
		const { clock, builderId } = this.#options;
		return withTimeLimit(
			{
				clock,
				limitMs: DIAL_LIMIT_MS,
				signal,
				onTimeout: () =>
					new ContainerBuilderError('builder-unreachable', `builder ${builderId} does not answer`),
			},
			(limited) => this.#dialOnce(endpoint, limited),
		);
	}

	async #dialOnce(endpoint: Endpoint, signal: AbortSignal): Promise<EnrolledBuilder> {
		if (this.#spent !== 'perhaps') return await this.#enrol(endpoint, this.#spent === 'yes', signal);
		// The connection broke while the secret was being spent: the daemon knows either key.
		try {
			return await this.#enrol(endpoint, true, signal);
		} catch (error) {
			if (!isRefusal(error)) throw error;
			return await this.#enrol(endpoint, false, signal);
		}
	}

	async #enrol(endpoint: Endpoint, bySession: boolean, signal: AbortSignal): Promise<EnrolledBuilder> {
		const { builderId, transports, secret, sessionKey, insecure } = this.#options;
		const channel = await selectTransport(transports, endpoint).connect(
			this.pinned(endpoint),
			{ channel: 'control', version: PROTOCOL_VERSION },
			{ signal, insecure, anyCertificate: this.#fingerprint === undefined, timeoutMs: DIAL_LIMIT_MS },
		);
		try {
			const onSpend = (): void => {
				this.#spent = 'perhaps';
			};
			const enrolled = await enrolBuilder(
				channel,
				builderId,
				bySession
					? { kind: 'session', value: sessionKey }
					: { kind: 'secret', value: secret, sessionKey, onSpend },
				{ signal },
			);
			this.#spent = 'yes';
			this.#fingerprint = enrolled.fingerprint;
			return enrolled;
		} catch (error) {
			channel.abort(error);
			throw error;
		}
	}
}

const REFUSALS: readonly ErrorCode[] = [
	'enrolment-failed',
	'unauthenticated',
	'forbidden',
	'fingerprint-mismatch',
	'protocol-version',
	'protocol',
	'unsupported',
	'unsupported-specification',
	'invalid-option',
];

/** Whether another dial cannot end otherwise. */
export function isRefusal(error: unknown): boolean {
	return REFUSALS.includes(ContainerBuilderError.from(error).code);
}
