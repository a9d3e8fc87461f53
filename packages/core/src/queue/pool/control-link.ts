import { abortable } from '../../concurrency/abortable.js';
import { type Deferred, deferred } from '../../concurrency/deferred.js';
import type { controlMethods } from '../../protocol/control-methods.js';
import type { Params, Result } from '../../rpc/define-methods.js';
import type { RpcClient } from '../../rpc/rpc-client.js';
import {
	type BuilderEvent,
	type BuilderInfo,
	type Clock,
	ContainerBuilderError,
	type Endpoint,
} from '../../spec/index.js';
import { backoffMs } from '../../time/backoff.js';
import { pause } from '../../time/pause.js';
import { withTimeLimit } from '../../time/time-limit.js';
import { type BuilderDialer, isRefusal } from './dial-builder.js';
import type { EnrolledBuilder } from './enrol-builder.js';

type ControlMethods = typeof controlMethods;

/** Milliseconds that an answer over `control` may take. */
const ANSWER_LIMIT_MS = 10_000;
const DIAL_PAUSES = { firstMs: 50, maxMs: 2_000, factor: 1.6 };
/** After so many dials that failed it is worth a look whether the machine still runs. */
const LOOK_EVERY = 4;
const REDIAL_PAUSES = { firstMs: 250, maxMs: 5_000 };

/** What a link to one daemon is made of. */
export interface ControlLinkOptions {
	readonly dialer: BuilderDialer;
	readonly clock: Clock;
	/** Milliseconds between two probes. */
	readonly probeMs: number;
	/** Milliseconds that a lost daemon may take until it answers again. */
	readonly redialGraceMs: number;
	/** Asked while redials fail: rejects with the reason where the machine is known to be gone. */
	readonly confirmMachine: (misses: { count: number }, signal: AbortSignal) => Promise<void>;
	/** What the daemon reports, each event once, in order. `firsthand`: on the connection that `follow` was called on. */
	readonly onReport: (event: BuilderEvent, firsthand: boolean) => void;
	/** Called once, when the daemon is given up. */
	readonly onLost: (error: ContainerBuilderError) => void;
}

/** The one channel `control` to a daemon: kept open, probed, and dialled again when it breaks. */
export class ControlLink {
	readonly #options: ControlLinkOptions;
	readonly #stop = new AbortController();
	#rpc: RpcClient<ControlMethods> | undefined;
	/** Waits for the next connection while there is none. */
	#connection: Deferred<RpcClient<ControlMethods>> = handledDeferred();
	#endpoint: Endpoint | undefined;
	#loginsKey: string | undefined;
	#info: BuilderInfo | undefined;
	#cancelProbe = (): void => {};
	#reportsFrom: number | undefined;
	#first: RpcClient<ControlMethods> | undefined;
	#following: RpcClient<ControlMethods> | undefined;

	constructor(options: ControlLinkOptions) {
		this.#options = options;
	}

	/** What the site's registry logins are to be sealed to, where the daemon has told. */
	get loginsKey(): string | undefined {
		return this.#loginsKey;
	}

	/** What the daemon has told of itself; undefined until it has answered once. */
	get info(): BuilderInfo | undefined {
		return this.#info;
	}

	/** Dials with growing pauses until the daemon has proved itself, or the signal aborts, or it refuses. */
	async open(endpoint: Endpoint, signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
		this.#endpoint = endpoint;
		const { dialer, clock } = this.#options;
		for (let failures = 1; ; failures++) {
			try {
				this.#use(await dialer.dial(endpoint, signal));
				return;
			} catch (error) {
				if (signal.aborted || isRefusal(error)) throw error;
				onFailure(error);
				// A list may lack a machine that is so new: only one that says that it has failed counts.
				if (failures % LOOK_EVERY === 0) await this.#options.confirmMachine({ count: -Infinity }, signal);
				await pause(clock, backoffMs(failures, DIAL_PAUSES), signal);
			}
		}
	}

	/** Goes on with a daemon that an earlier process has enrolled: as after a connection that broke. */
	reopen(endpoint: Endpoint): void {
		this.#endpoint = endpoint;
		void this.#redial();
	}

	/** Calls the daemon, on the next connection where there is none now or the one there is breaks meanwhile. */
	async call<N extends keyof ControlMethods & string>(
		method: N,
		params: Params<ControlMethods, N>,
		signal?: AbortSignal,
	): Promise<Result<ControlMethods, N>> {
		for (;;) {
			const rpc = this.#rpc ?? (await abortable(this.#connection.promise, signal));
			try {
				return await this.#ask(rpc, (limited) => rpc.call(method, params, { signal: limited }), signal);
			} catch (error) {
				if (ContainerBuilderError.from(error).code !== 'connection-lost') throw error;
				if (this.#rpc === rpc) this.#lose(rpc);
			}
		}
	}

	/** The same on the connection that there is, once: for what must not be said twice. */
	async callOnce<N extends keyof ControlMethods & string>(
		method: N,
		params: Params<ControlMethods, N>,
		limitMs = ANSWER_LIMIT_MS,
	): Promise<Result<ControlMethods, N>> {
		const rpc = this.#rpc;
		if (rpc === undefined)
			throw new ContainerBuilderError('connection-lost', 'the builder is being redialled');
		return await this.#ask(rpc, (signal) => rpc.call(method, params, { signal }), undefined, limitMs);
	}

	/** Follows the daemon's reports from now on, over all connections to come. */
	follow(): void {
		if (this.#reportsFrom === undefined) this.#first = this.#rpc;
		this.#reportsFrom ??= 0;
		if (this.#rpc !== undefined) void this.#followOn(this.#rpc);
	}

	/** Lets go of the daemon. Idempotent; open calls reject. */
	close(reason: ContainerBuilderError): void {
		if (this.#stop.signal.aborted) return;
		this.#stop.abort(reason);
		this.#cancelProbe();
		// Who waits for the next connection, and who comes later: the one there was may have been resolved long ago.
		this.#connection.reject(reason);
		this.#connection = handledDeferred();
		this.#connection.reject(reason);
		const rpc = this.#rpc;
		this.#rpc = undefined;
		rpc?.close().catch(() => {});
	}

	#use({ rpc, info, loginsKey }: EnrolledBuilder): void {
		if (this.#stop.signal.aborted) {
			rpc.close().catch(() => {});
			return;
		}
		this.#rpc = rpc;
		this.#info = info;
		this.#loginsKey = loginsKey;
		this.#connection.resolve(rpc);
		void rpc.closed.then(() => this.#lose(rpc));
		this.#scheduleProbe(rpc);
		if (this.#reportsFrom !== undefined) void this.#followOn(rpc);
	}

	/** One answer within its time; a daemon that is silent has lost its connection. */
	#ask<T>(
		rpc: RpcClient<ControlMethods>,
		call: (signal: AbortSignal) => Promise<T>,
		signal: AbortSignal | undefined,
		limitMs = ANSWER_LIMIT_MS,
	): Promise<T> {
		const onTimeout = (): ContainerBuilderError => {
			rpc.close().catch(() => {});
			return new ContainerBuilderError('connection-lost', 'the builder does not answer the queue');
		};
		return withTimeLimit({ clock: this.#options.clock, limitMs, signal, onTimeout }, call);
	}

	#scheduleProbe(rpc: RpcClient<ControlMethods>): void {
		this.#cancelProbe();
		this.#cancelProbe = this.#options.clock.schedule(() => void this.#probe(rpc), this.#options.probeMs);
	}

	async #probe(rpc: RpcClient<ControlMethods>): Promise<void> {
		try {
			await this.#ask(rpc, (signal) => rpc.call('probe', {}, { signal }), this.#stop.signal);
			if (this.#rpc === rpc) this.#scheduleProbe(rpc);
		} catch {
			this.#lose(rpc);
		}
	}

	#lose(rpc: RpcClient<ControlMethods>): void {
		if (this.#rpc !== rpc || this.#stop.signal.aborted) return;
		this.#rpc = undefined;
		this.#cancelProbe();
		this.#connection = handledDeferred();
		rpc.close().catch(() => {});
		void this.#redial();
	}

	async #redial(): Promise<void> {
		const { dialer, clock, redialGraceMs, confirmMachine } = this.#options;
		const { signal } = this.#stop;
		const endpoint = this.#endpoint;
		if (endpoint === undefined) return;
		const since = clock.now();
		const misses = { count: 0 };
		for (let failures = 1; !signal.aborted; failures++) {
			try {
				this.#use(await dialer.dial(endpoint, signal));
				return;
			} catch (error) {
				if (signal.aborted) return;
				const goneMs = clock.now() - since;
				try {
					if (isRefusal(error)) throw error;
					await confirmMachine(misses, signal);
					if (goneMs >= redialGraceMs) throw error;
					await pause(clock, backoffMs(failures, REDIAL_PAUSES), signal);
				} catch (reason) {
					if (signal.aborted) return;
					const { message } = ContainerBuilderError.from(reason);
					this.#options.onLost(
						new ContainerBuilderError('builder-lost', `the builder is lost: ${message}`, { cause: reason }),
					);
					return;
				}
			}
		}
	}

	async #followOn(rpc: RpcClient<ControlMethods>): Promise<void> {
		if (this.#following === rpc) return;
		this.#following = rpc;
		const onEvent = (event: BuilderEvent): void => {
			if (this.#stop.signal.aborted || event.sequence <= (this.#reportsFrom ?? 0)) return;
			this.#reportsFrom = event.sequence;
			this.#options.onReport(event, rpc === this.#first);
		};
		try {
			await rpc.call('states', { after: this.#reportsFrom ?? 0 }, { onEvent, signal: this.#stop.signal });
		} catch {
			// A connection that broke is followed again on the next one; reports are for information only.
		}
	}
}

function handledDeferred<T>(): Deferred<T> {
	const made = deferred<T>();
	made.promise.catch(() => {});
	return made;
}
