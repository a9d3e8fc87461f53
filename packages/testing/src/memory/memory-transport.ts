import { X509Certificate } from 'node:crypto';
import {
	type ChannelRequest,
	type Clock,
	type ConnectedChannel,
	type ConnectOptions,
	ContainerBuilderError,
	canceledError,
	deferred,
	type Endpoint,
	type Listener,
	type ListenOptions,
	systemClock,
	type Transport,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { MemoryChannel } from './memory-channel.js';
import { MemoryIncoming } from './memory-incoming.js';
import { MemoryListener } from './memory-listener.js';

/** Options of {@link memoryTransport}. */
export interface MemoryTransportOptions {
	/** What a reader that does not iterate is sent before `send` waits, in bytes. @default 1 MiB */
	readonly highWaterBytes?: number | undefined;
	/** Milliseconds after which a connection that was neither accepted nor rejected is rejected. @default 10000 */
	readonly acceptTimeoutMs?: number | undefined;
	/** What the two time limits go by. @default the real clock */
	readonly clock?: Clock | undefined;
}

/** A transport within one process, and the means to break it. Made by {@link memoryTransport}. */
export interface MemoryTransport extends Transport {
	/**
	 * Breaks the open channels, or those to one endpoint or of one name, as when a cable is pulled: both sides get
	 * `lost`. Returns how many there were.
	 */
	breakChannels(selection?: { readonly url?: string; readonly channel?: ChannelRequest['channel'] }): number;
	/** Lets new connections to an endpoint fail with `builder-unreachable`, or lets them through again. */
	setReachable(url: string, reachable: boolean): void;
	/** The endpoints that are listened on, in the order of their beginning. */
	readonly listening: readonly string[];
}

/**
 * A transport with scheme `memory:` that connects within this process, for tests: `memory:any-name`, and `memory:`
 * alone for a name that is free. Transports made by different calls know nothing of each other.
 *
 * Frames are copied, so that what is changed after a `send` cannot be seen by the reader. With `ListenOptions.tls`
 * the certificate's fingerprint is shown and checked as if there were TLS.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
	const clock = options.clock ?? systemClock;
	const highWaterBytes = options.highWaterBytes ?? 2 ** 20;
	const acceptTimeoutMs = options.acceptTimeoutMs ?? 10_000;
	const listeners = new Map<string, MemoryListener>();
	const unreachable = new Set<string>();
	const open = new Map<MemoryChannel, { url: string; channel: ChannelRequest['channel'] }>();
	let made = 0;

	function connect(endpoint: Endpoint, request: ChannelRequest, connection: ConnectOptions = {}) {
		const url = endpointName(endpoint.url);
		const listener = unreachable.has(url) ? undefined : listeners.get(url);
		if (listener === undefined) {
			throw new ContainerBuilderError('builder-unreachable', `nobody listens on ${url}`);
		}
		const trusted = endpoint.fingerprint ?? (connection.anyCertificate ? listener.fingerprint : undefined);
		if (trusted !== listener.fingerprint) {
			throw new ContainerBuilderError(
				'fingerprint-mismatch',
				`${url} shows a certificate that is not trusted`,
			);
		}

		const result = deferred<ConnectedChannel>();
		const incoming = new MemoryIncoming(
			{ ...request },
			{
				accepted: () => {
					settled();
					const [client, server] = MemoryChannel.pair({
						highWaterBytes,
						maxFrameBytes: listener.maxFrameBytes,
						peerFingerprint: listener.fingerprint,
					});
					open.set(client, { url, channel: request.channel });
					void client.closed.then(() => open.delete(client));
					result.resolve(client);
					return server;
				},
				rejected: (error) => {
					settled();
					result.reject(error);
				},
			},
			listener.fingerprint,
		);
		const { signal } = connection;
		const giveUp = (error: ContainerBuilderError): void => {
			settled();
			incoming.forget();
			result.reject(error);
		};
		const onAbort = (): void => {
			if (signal !== undefined) giveUp(canceledError(signal));
		};
		const connectTimeoutMs = connection.timeoutMs ?? 10_000;
		const stopWaiting = clock.schedule(
			() =>
				giveUp(
					new ContainerBuilderError('builder-unreachable', `${url} did not answer in ${connectTimeoutMs} ms`),
				),
			connectTimeoutMs,
		);
		const stopAccepting = clock.schedule(
			() => void incoming.reject('busy', 'the connection was not answered in time'),
			acceptTimeoutMs,
		);
		signal?.addEventListener('abort', onAbort, { once: true });
		function settled(): void {
			stopWaiting();
			stopAccepting();
			signal?.removeEventListener('abort', onAbort);
		}
		listener.offer(incoming);
		return result.promise;
	}

	function listen(listening: ListenOptions): Listener {
		let url = endpointName(listening.url);
		if (url === 'memory:') {
			do url = `memory:${++made}`;
			while (listeners.has(url));
		}
		if (listeners.has(url)) {
			throw new ContainerBuilderError('invalid-option', `somebody listens on ${url} already`);
		}
		const listener = new MemoryListener({
			url,
			fingerprint: listening.tls === undefined ? undefined : fingerprintOf(listening.tls.certificate),
			maxFrameBytes: listening.maxFrameBytes ?? 4 * 2 ** 20,
			onClose: () => listeners.delete(url),
		});
		listeners.set(url, listener);
		return listener;
	}

	return {
		specificationVersion: 'v1',
		name: 'memory',
		schemes: ['memory:'],
		capabilities: { tls: true, sharedServer: false, through: false },
		connect: async (endpoint, request, connection) => {
			throwIfAborted(connection?.signal);
			return await connect(endpoint, request, connection);
		},
		listen: async (listening) => {
			throwIfAborted(listening.signal);
			return listen(listening);
		},
		breakChannels: (selection = {}) => {
			const url = selection.url === undefined ? undefined : endpointName(selection.url);
			const chosen = [...open].filter(
				([, at]) =>
					(url === undefined || at.url === url) &&
					(selection.channel === undefined || at.channel === selection.channel),
			);
			for (const [channel] of chosen) channel.break();
			return chosen.length;
		},
		setReachable: (url, reachable) => {
			if (reachable) unreachable.delete(endpointName(url));
			else unreachable.add(endpointName(url));
		},
		get listening() {
			return [...listeners.keys()];
		},
	};
}

/** `memory:a`, `memory://a` and `memory:///a` are one endpoint. */
function endpointName(url: string): string {
	const match = /^memory:\/{0,3}(.*)$/.exec(url);
	if (match === null) {
		throw new ContainerBuilderError('invalid-option', `the memory transport cannot reach ${url}`, {
			hint: 'Use a URL like memory:name.',
		});
	}
	return `memory:${match[1]}`;
}

function fingerprintOf(certificate: string): string {
	return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}
