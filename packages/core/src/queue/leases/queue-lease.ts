import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import type {
	AbortOptions,
	BuilderInfo,
	BuildOutcome,
	DsseEnvelope,
	Endpoint,
	Lease,
} from '../../spec/index.js';
import type { LeaseRecord } from './lease-book.js';
import type { LeaseDesk } from './lease-desk.js';

/** A lease within the queue's own process. */
export class QueueLease implements Lease {
	readonly id: string;
	readonly buildId: string;
	readonly builderId: string;
	readonly endpoint: Endpoint;
	readonly token: string;
	readonly reach: 'host' | 'network';
	readonly builder: BuilderInfo;
	readonly deadlineMs: number;
	readonly idleMs: number;
	readonly #desk: LeaseDesk;

	constructor(desk: LeaseDesk, record: LeaseRecord, token: string) {
		this.#desk = desk;
		this.token = token;
		this.id = record.id;
		this.buildId = record.buildId;
		this.builderId = record.builder.id;
		this.endpoint = record.builder.endpoint;
		this.reach = record.builder.reach;
		this.builder = record.builder.info;
		this.deadlineMs = record.deadlineMs;
		this.idleMs = record.idleMs;
	}

	async renew(options: AbortOptions = {}): Promise<{ readonly remainingMs: number }> {
		throwIfAborted(options.signal);
		return this.#desk.renew(this.id);
	}

	async replace(_reason: 'builder-lost', options: AbortOptions = {}): Promise<Lease> {
		return await this.#desk.replace(this.id, options.signal);
	}

	async detach(options: { readonly keepMs: number } & AbortOptions): Promise<void> {
		throwIfAborted(options.signal);
		await this.#desk.detach(this.id, options.keepMs);
	}

	async attest(options: AbortOptions = {}): Promise<DsseEnvelope> {
		throwIfAborted(options.signal);
		return await this.#desk.attestor.attest(this.#desk.find(this.id, undefined), options.signal);
	}

	async release(outcome: BuildOutcome, options: AbortOptions = {}): Promise<void> {
		throwIfAborted(options.signal);
		await this.#desk.release(this.id, outcome);
	}

	/** Gives the builder back as after a cancellation, unless that was done before. */
	[Symbol.asyncDispose](): Promise<void> {
		return this.release({ status: 'canceled' });
	}
}
