import { setMaxListeners } from 'node:events';
import {
	type Authenticator,
	type BuilderQueue,
	type Channel,
	ContainerBuilderError,
	type Endpoint,
	type IncomingChannel,
	type Listener,
	type Logger,
	type Peer,
	type RejectCode,
	type RelayUse,
	type TlsIdentity,
	type Transport,
} from '@olcf/container-builder-core';
import {
	PROTOCOL_VERSION,
	queueMethods,
	RequestBudget,
	serveRpc,
} from '@olcf/container-builder-core/protocol';
import { auditOf } from './audit.js';
import { authenticate } from './authentication/authenticate.js';
import { ConnectionCounts } from './connection-counts.js';
import { type HealthServer, healthServer } from './health-server.js';
import { queueHandlers } from './queue-handlers.js';
import { Relays } from './relays.js';

/** Options of {@link serveQueue}. */
export interface ServeQueueOptions {
	/** Stays the caller's: it is neither started nor closed. */
	readonly queue: BuilderQueue;
	readonly transport: Transport;
	/** URLs to listen on. Those of `ws:` and `wss:` answer `/healthz` and `/readyz` too. */
	readonly listen: readonly string[];
	/** For `wss:`. */
	readonly tls?: TlsIdentity | undefined;
	/** Asked in this order. */
	readonly authenticators: readonly Authenticator[];
	/**
	 * Whether builders are reached through the queue. `auto`: those that only this machine reaches, by who did not come over a
	 * unix socket. @default 'auto'
	 */
	readonly relay?: RelayUse | undefined;
	/** Most connections of one user at a time; one more is refused with `busy`. @default any number */
	readonly connectionsPerUser?: number | undefined;
	/** What `/readyz` says. @default ready */
	readonly isReady?: (() => boolean) | undefined;
	/** @default silent */
	readonly logger?: Logger | undefined;
}

/** A queue that others can reach. */
export interface QueueServer extends AsyncDisposable {
	/** Where, with ports and fingerprints. */
	readonly endpoints: readonly Endpoint[];
	/** Takes no more connections and ends those that are open. The queue goes on. Idempotent. */
	close(): Promise<void>;
	/** Hears nothing any more from this call on: connections are cut, as when the process ends. */
	cut(): void;
}

const REJECT_CODES: readonly RejectCode[] = [
	'unauthenticated',
	'forbidden',
	'busy',
	'queue-closed',
	'not-found',
];
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Lets clients use a queue over a transport. A client's checkouts and leases are those of the user that the
 * authenticators name, and nobody else's to see or to end. A connection that breaks leaves the line at once; its
 * leases run out after `idleMs` unless the client comes back. Rejects with `invalid-option` where it cannot listen.
 */
export async function serveQueue(options: ServeQueueOptions): Promise<QueueServer> {
	const server = new RunningServer(options);
	try {
		for (const url of options.listen) await server.listen(url);
		return server;
	} catch (error) {
		await server.close();
		throw error;
	}
}

class RunningServer implements QueueServer {
	readonly #options: ServeQueueOptions;
	readonly #logger: Logger;
	readonly #listeners: Listener[] = [];
	readonly #health: HealthServer[] = [];
	readonly #channels = new Map<Channel, Promise<void>>();
	readonly #stop = new AbortController();
	readonly #relayed: Relays;
	readonly #counts: ConnectionCounts;
	#closing: Promise<void> | undefined;

	constructor(options: ServeQueueOptions) {
		this.#options = options;
		this.#logger = options.logger ?? silent;
		// As many listen as clients are being asked who they are.
		setMaxListeners(0, this.#stop.signal);
		const { queue, transport, connectionsPerUser = Infinity } = options;
		this.#counts = new ConnectionCounts(connectionsPerUser);
		this.#relayed = new Relays({ queue, transport, logger: this.#logger, signal: this.#stop.signal });
	}

	get endpoints(): readonly Endpoint[] {
		return this.#listeners.flatMap(({ endpoints }) => endpoints);
	}

	async listen(url: string): Promise<void> {
		const { transport, tls, isReady = () => true } = this.#options;
		const shares = /^wss?:/.test(url) && transport.capabilities.sharedServer;
		const health = shares ? await healthServer(url, tls, isReady) : undefined;
		if (health !== undefined) this.#health.push(health);
		const listener = await transport.listen({ url: health?.url ?? url, tls, server: health?.server });
		this.#listeners.push(listener);
		void this.#take(listener);
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	cut(): void {
		this.#stop.abort();
		const error = new ContainerBuilderError('connection-lost', 'the queue goes on in another process');
		for (const channel of this.#channels.keys()) channel.abort(error);
		void this.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #close(): Promise<void> {
		this.#stop.abort();
		this.#relayed.close();
		await Promise.all(this.#listeners.map((listener) => listener.close()));
		await Promise.all(
			[...this.#channels].map(async ([channel, served]) => {
				await channel.close({ code: 'going-away', reason: 'the queue is closing' });
				await served;
			}),
		);
		await Promise.all(this.#health.map((health) => health.close()));
	}

	async #take(listener: Listener): Promise<void> {
		try {
			for await (const incoming of listener) void this.#answer(incoming);
		} catch (error) {
			this.#logger.error({ error: String(error) }, 'a listener has ended');
		}
	}

	/** By itself for builders on this machine: only who came over a socket of this user's gets to theirs. */
	#relays(reach: 'host' | 'network', peer: Peer): boolean {
		const { relay = 'auto', transport } = this.#options;
		if (relay === 'never' || transport.relay === undefined) return false;
		return relay === 'always' || (reach === 'host' && peer.address !== 'unix');
	}

	/** A connection that is to be carried to the builder of a lease. */
	async #relay(incoming: IncomingChannel): Promise<void> {
		const { transport, relay } = this.#options;
		if (transport.relay === undefined || relay === 'never') {
			await incoming.reject('unsupported', 'this queue carries no connections to builders');
			return;
		}
		let opened: Channel | undefined;
		const carried = this.#relayed.carry(incoming, (channel) => {
			opened = channel;
			this.#channels.set(channel, carried);
		});
		try {
			await carried;
		} finally {
			if (opened !== undefined) this.#channels.delete(opened);
		}
	}

	#challenge({ peer }: IncomingChannel): string | undefined {
		const asking = this.#options.authenticators.find(({ challenge }) => challenge !== undefined);
		return asking?.challenge?.(peer);
	}

	async #answer(incoming: IncomingChannel): Promise<void> {
		const { request, peer } = incoming;
		try {
			if (request.channel !== 'queue' && request.channel !== 'relay') {
				await incoming.reject('not-found', `this is a queue; it has no channel ${request.channel}`);
				return;
			}
			if (request.version !== PROTOCOL_VERSION) {
				const spoken = `this queue speaks version ${PROTOCOL_VERSION} of the protocol, not ${request.version}`;
				await incoming.reject('protocol-version', spoken);
				return;
			}
			if (request.channel === 'relay') {
				await this.#relay(incoming);
				return;
			}
			const identity = await authenticate(this.#options.authenticators, incoming, this.#stop.signal);
			const { user, groups, method } = identity;
			if (this.#stop.signal.aborted) throw new ContainerBuilderError('queue-closed', 'the queue is closing');
			const letGo = this.#counts.add(user);
			const channel = await incoming.accept().catch((error: unknown) => {
				letGo();
				throw error;
			});
			this.#logger.info({ user, method, peer: peer.address }, 'client connected');
			let gone = false;
			void channel.closed.then(() => {
				letGo();
				gone = true;
			});
			const audit = auditOf(this.#logger, { identity, peer });
			const handlers = queueHandlers(this.#options.queue.forUser(user, { groups }), {
				gone: () => gone,
				audit,
				relays: (reach) => this.#relays(reach, peer),
			});
			const served = serveRpc(channel, queueMethods, handlers, new RequestBudget());
			this.#channels.set(channel, served);
			await served;
			this.#channels.delete(channel);
			this.#logger.info({ user, peer: peer.address }, 'client gone');
		} catch (error) {
			const { code, message } = ContainerBuilderError.from(error);
			const known = REJECT_CODES.find((one) => one === code);
			this.#logger.warn(
				{ audit: 'connect-refused', peer: peer.address, code },
				`connection refused: ${message}`,
			);
			const challenge = known === 'unauthenticated' ? this.#challenge(incoming) : undefined;
			await incoming.reject(known ?? 'unauthenticated', known && message, challenge).catch(() => {});
		}
	}
}
