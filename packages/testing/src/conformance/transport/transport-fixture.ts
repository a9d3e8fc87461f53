import assert from 'node:assert/strict';
import type {
	Channel,
	ChannelRequest,
	ConnectedChannel,
	ConnectOptions,
	Endpoint,
	IncomingChannel,
	Listener,
	ListenOptions,
	TlsIdentity,
	Transport,
} from '@olcf/container-builder-core';
import { background, first, within } from '../suite.js';

/** What the transport suite needs for one test. */
export interface TransportFixture {
	readonly transport: Transport;
	/** Options for a listener at a place that is free; each call names another place, or port 0. */
	listenOptions(): ListenOptions;
	/** An endpoint at which nobody listens. */
	readonly nowhere: Endpoint;
	/** What every `connect` of the suite is to be given, `insecure` for example. */
	readonly connectOptions?: ConnectOptions | undefined;
	/**
	 * Bytes after which a sender to a reader that does not read must have been stopped: both ends' buffers and the
	 * system's own. @default 64 MiB
	 */
	readonly maxBufferedBytes?: number | undefined;
	/** Needed where `capabilities.tls`. */
	readonly tls?:
		| {
				/** Self-signed. */
				readonly identity: TlsIdentity;
				/** SHA-256 of its certificate, 64 hexadecimal digits. */
				readonly fingerprint: string;
				/** Options for a listener that shows it. */
				listenOptions(): ListenOptions;
		  }
		| undefined;
	/** Needed where `capabilities.sharedServer`: a server that listens, with an answer of its own. */
	readonly sharedServer?: (() => Promise<SharedServerFixture>) | undefined;
	/** Called at the end of the test. */
	readonly teardown?: (() => Promise<void>) | undefined;
}

/** A server that a transport is to share. */
export interface SharedServerFixture {
	readonly listenOptions: ListenOptions;
	/** Rejects when the server's own request handler does not answer. */
	request(): Promise<void>;
	/** Rejects when an upgrade request to a path of the server's own is not answered by its own handler. */
	upgrade(): Promise<void>;
	/** Closes it; rejects where somebody has closed it before. */
	close(): Promise<void>;
}

/** One test's use of a transport; ends what it opened. */
export class TransportSession {
	readonly fixture: TransportFixture;
	readonly #listeners: Listener[] = [];
	readonly #channels: Channel[] = [];

	constructor(fixture: TransportFixture) {
		this.fixture = fixture;
	}

	async listen(options?: Partial<ListenOptions>): Promise<Listener> {
		const listener = await this.fixture.transport.listen({ ...this.fixture.listenOptions(), ...options });
		this.#listeners.push(listener);
		return listener;
	}

	connect(
		endpoint: Endpoint,
		request: Partial<ChannelRequest> = {},
		options: ConnectOptions = {},
	): Promise<ConnectedChannel> {
		return background(this.#connect(endpoint, request, options));
	}

	async #connect(
		endpoint: Endpoint,
		request: Partial<ChannelRequest>,
		options: ConnectOptions,
	): Promise<ConnectedChannel> {
		const channel = await this.fixture.transport.connect(
			endpoint,
			{ channel: 'build', version: 1, ...request },
			{ ...this.fixture.connectOptions, ...options },
		);
		this.#channels.push(channel);
		return channel;
	}

	/** The next connection that waits. */
	async incoming(listener: Listener): Promise<IncomingChannel> {
		const { done, value } = await within(listener[Symbol.asyncIterator]().next(), 'an incoming connection');
		assert.ok(!done, 'the listener must not end');
		return value;
	}

	async accept(listener: Listener): Promise<Channel> {
		const channel = await (await this.incoming(listener)).accept();
		this.#channels.push(channel);
		return channel;
	}

	/** A listener and both ends of one channel through it. */
	async pair(
		options?: Partial<ListenOptions>,
	): Promise<{ client: ConnectedChannel; server: Channel; listener: Listener }> {
		const listener = await this.listen(options);
		return { ...(await this.pairThrough(listener)), listener };
	}

	async pairThrough(listener: Listener): Promise<{ client: ConnectedChannel; server: Channel }> {
		const endpoint = first(listener.endpoints, 'endpoints');
		const [client, server] = await Promise.all([
			this.connect(endpoint, { token: 'a' }),
			this.accept(listener),
		]);
		return { client, server };
	}

	async endChannels(): Promise<void> {
		for (const channel of this.#channels) channel.abort('the test is over');
		for (const listener of this.#listeners) await listener.close();
	}

	async end(): Promise<void> {
		await this.endChannels();
		await this.fixture.teardown?.();
	}
}

/** Runs a test with a session of its own. */
export type TransportTest = (name: string, run: (session: TransportSession) => Promise<void>) => void;
