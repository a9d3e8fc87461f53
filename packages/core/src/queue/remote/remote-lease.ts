import type * as z from 'zod';
import type { leaseSchema } from '../../protocol/queue-schemas.js';
import type {
	AbortOptions,
	BuilderInfo,
	BuildOutcome,
	DsseEnvelope,
	Endpoint,
	Lease,
} from '../../spec/index.js';
import type { RemoteConnection } from './remote-connection.js';

/** A lease that a queue elsewhere keeps. */
export class RemoteLease implements Lease {
	readonly id: string;
	readonly buildId: string;
	readonly builderId: string;
	readonly endpoint: Endpoint;
	readonly token: string;
	readonly builder: BuilderInfo;
	readonly deadlineMs: number;
	readonly idleMs: number;
	readonly #connection: RemoteConnection;
	#released: Promise<void> | undefined;

	constructor(connection: RemoteConnection, lease: z.infer<typeof leaseSchema>) {
		this.#connection = connection;
		this.id = lease.id;
		this.buildId = lease.buildId;
		this.builderId = lease.builderId;
		const { endpoint: queue, relay } = connection;
		const isRelayed = relay === 'always' || (relay === 'auto' && lease.relay === true);
		this.endpoint = isRelayed
			? { ...lease.endpoint, relay: { endpoint: queue, leaseId: lease.id } }
			: lease.endpoint;
		this.token = lease.token;
		this.builder = lease.builder;
		this.deadlineMs = lease.deadlineMs;
		this.idleMs = lease.idleMs;
	}

	renew(options: AbortOptions = {}): Promise<{ readonly remainingMs: number }> {
		return this.#connection.call('lease-renew', { leaseId: this.id }, options);
	}

	async replace(reason: 'builder-lost', options: AbortOptions = {}): Promise<Lease> {
		const lease = await this.#connection.call('lease-replace', { leaseId: this.id, reason }, options);
		return new RemoteLease(this.#connection, lease);
	}

	async detach({ keepMs, signal }: { readonly keepMs: number } & AbortOptions): Promise<void> {
		await this.#connection.call('lease-detach', { leaseId: this.id, keepMs }, { signal });
	}

	attest(options: AbortOptions = {}): Promise<DsseEnvelope> {
		return this.#connection.call('lease-attest', { leaseId: this.id }, options);
	}

	release(outcome: BuildOutcome, options: AbortOptions = {}): Promise<void> {
		this.#released ??= this.#connection
			.call('lease-release', { leaseId: this.id, outcome }, options)
			.then(() => {})
			.catch((error: unknown) => {
				this.#released = undefined;
				throw error;
			});
		return this.#released;
	}

	/** Gives the builder back as after a cancellation, unless that was done before. */
	[Symbol.asyncDispose](): Promise<void> {
		return this.release({ status: 'canceled' });
	}
}
