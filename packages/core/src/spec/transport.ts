import type { AbortOptions } from './abort-options.js';
import type { ErrorCode } from './error-code.js';

/** Where something can be reached, as plain data. */
export interface Endpoint {
	/** Scheme decides the transport: `wss://host:port`, `ws://127.0.0.1:port`, `ws+unix:///path/to/socket`. */
	readonly url: string;
	/**
	 * SHA-256 of the peer's certificate (DER), 64 lower-case hexadecimal digits. When set, this certificate and no
	 * other is accepted, whoever signed it and whatever its dates say.
	 */
	readonly fingerprint?: string | undefined;
	/** How to get there when the client cannot: through the queue. */
	readonly relay?: { readonly endpoint: Endpoint; readonly leaseId: string } | undefined;
}

/** One message: a string is a control message (JSON), bytes are bytes. Borders between frames are kept. */
export type Frame = string | Uint8Array;

/**
 * The channels of the protocol. `queue` ends at a queue, `relay` is carried on by a queue to the builder of a lease, all others
 * end at a builder.
 */
export const CHANNEL_NAMES = [
	'queue',
	'relay',
	'control',
	'build',
	'output',
	'context',
	'image',
	'terminal',
] as const;

/** One of {@link CHANNEL_NAMES}. */
export type ChannelName = (typeof CHANNEL_NAMES)[number];

/** What the connecting side says in the opening handshake. */
export interface ChannelRequest {
	readonly channel: ChannelName;
	/** Version of the protocol, see `PROTOCOL_VERSION`. */
	readonly version: number;
	/** Sent as `Authorization: Bearer …`, never in a URL. */
	readonly token?: string | undefined;
}

/** Why a channel ended. */
export interface CloseInfo {
	/**
	 * - `normal`: all was said;
	 * - `going-away`: the side that closed is shutting down;
	 * - `protocol`: the peer broke the protocol;
	 * - `too-large`: a frame over the limit;
	 * - `timeout`: the peer stopped answering pings;
	 * - `lost`: the connection broke, or was aborted by this side's caller.
	 */
	readonly code: 'normal' | 'going-away' | 'protocol' | 'too-large' | 'timeout' | 'lost';
	/** For people; at most 120 bytes of UTF-8 cross the wire. */
	readonly reason?: string | undefined;
}

/** What a listener may answer instead of accepting; the connecting side gets an error of that code. */
export type RejectCode = Extract<
	ErrorCode,
	'unauthenticated' | 'forbidden' | 'busy' | 'queue-closed' | 'protocol-version' | 'not-found' | 'unsupported'
>;

/**
 * One connection that carries frames both ways, in order. Back-pressure is the connection's own: who does not
 * iterate makes the peer's `send` wait.
 */
export interface Channel extends AsyncIterable<Frame>, AsyncDisposable {
	/** Resolves when the channel has ended, whoever ended it. Never rejects. */
	readonly closed: Promise<CloseInfo>;
	/**
	 * Resolves once the frame is accepted below the high-water mark; the frame must not be changed before that.
	 * Rejects with `connection-lost` on a channel that has ended.
	 */
	send(frame: Frame, options?: AbortOptions): Promise<void>;
	/** Lets what was sent arrive, then ends the channel. Idempotent; resolves when it has ended. */
	close(info?: CloseInfo): Promise<void>;
	/** Ends the channel at once, dropping what was not sent. Idempotent, synchronous. */
	abort(reason: unknown): void;
	/**
	 * The frames in order, once: a second iteration goes on where the first stopped. Ends when the peer has closed
	 * with `normal` or `going-away` or this side has; throws `connection-lost` when the connection broke.
	 */
	[Symbol.asyncIterator](): AsyncIterator<Frame>;
}

/** Who is at the other end, as far as the transport knows. */
export interface Peer {
	/** For logs: an address, or `unix`. */
	readonly address: string;
	/** Whether nobody on the way can read along: TLS, a unix socket, this process. */
	readonly confidential: boolean;
	/** Whether the peer is on this machine. */
	readonly local: boolean;
	/** SHA-256 of the certificate that this side has shown to it (see {@link Endpoint.fingerprint}); undefined without TLS. */
	readonly shownFingerprint?: string | undefined;
}

/** A connection that waits for an answer. One that is neither accepted nor rejected within 10 s is rejected. */
export interface IncomingChannel {
	readonly request: ChannelRequest;
	readonly peer: Peer;
	/** Opens the channel. */
	accept(): Promise<Channel>;
	/**
	 * Refuses it: the other side's `connect` rejects with this code and `reason`, and `challenge` in the error's details: what
	 * it has to answer at its next try, at most 1 KiB of printable ASCII.
	 */
	reject(code: RejectCode, reason?: string, challenge?: string): Promise<void>;
}

/** The certificate and key that a listener shows, PEM. */
export interface TlsIdentity {
	readonly certificate: string;
	readonly key: string;
}

/** Where and how to listen. */
export interface ListenOptions extends AbortOptions {
	/** Port 0 takes a free port; the endpoint tells which. A unix socket is made with mode 0600. */
	readonly url: string;
	/** Needed for an encrypted scheme. */
	readonly tls?: TlsIdentity | undefined;
	/**
	 * An existing `http.Server` or `https.Server` to share: the transport takes only the paths of its channels and
	 * never closes the server. Other paths stay with the server's own handlers.
	 */
	readonly server?: object | undefined;
	/** Upper bound of one frame, in bytes. @default 4 MiB */
	readonly maxFrameBytes?: number | undefined;
}

/** Takes connections. */
export interface Listener extends AsyncIterable<IncomingChannel>, AsyncDisposable {
	/** Where it can be reached; with the certificate's fingerprint where it has one. */
	readonly endpoints: readonly Endpoint[];
	/** Takes no more; open channels stay. Idempotent. */
	close(): Promise<void>;
}

/** Options of `Transport.connect`. */
export interface ConnectOptions extends AbortOptions {
	/** A channel to speak through instead of a connection of its own: TLS inside a relayed channel. */
	readonly through?: Channel | undefined;
	/** Milliseconds until an endpoint that does not answer is given up. @default 10000 */
	readonly timeoutMs?: number | undefined;
	/** Allows an unencrypted connection with a token, or to another machine. @default false */
	readonly insecure?: boolean | undefined;
	/**
	 * Accepts whatever certificate the peer shows; the channel's `peerFingerprint` tells which it was. Only for
	 * enrolment, which proves the certificate by the one-time secret. @default false
	 */
	readonly anyCertificate?: boolean | undefined;
}

/** A channel as `connect` returns it. */
export interface ConnectedChannel extends Channel {
	/** SHA-256 of the certificate that the peer showed (see {@link Endpoint.fingerprint}); undefined without TLS. */
	readonly peerFingerprint?: string | undefined;
}

/** What a transport can do beyond the minimum; read by core and by the conformance suite. */
export interface TransportCapabilities {
	/** Can listen on and connect to encrypted endpoints with fingerprints. */
	readonly tls: boolean;
	/** Can share an existing HTTP server. */
	readonly sharedServer: boolean;
	/** Honours `ConnectOptions.through`. */
	readonly through: boolean;
	/** `relay` is there. @default false */
	readonly relay?: boolean | undefined;
}

/** How bytes reach machines. Implemented by transport packages, made by a factory that does no I/O. */
export interface Transport {
	readonly specificationVersion: 'v1';
	/** For messages: `ws`. */
	readonly name: string;
	/** URL schemes with their colon: `['ws:', 'wss:', 'ws+unix:']`. */
	readonly schemes: readonly string[];
	readonly capabilities: TransportCapabilities;
	/**
	 * Opens one channel. Rejects with the peer's {@link RejectCode} (with `details.challenge` and
	 * `details.peerFingerprint` where the peer wants an answer), `builder-unreachable` (nobody answers),
	 * `fingerprint-mismatch`, or `invalid-option` (an unencrypted endpoint where it is not allowed).
	 */
	connect(endpoint: Endpoint, request: ChannelRequest, options?: ConnectOptions): Promise<ConnectedChannel>;
	/**
	 * Carries the bytes of a channel to an endpoint and back, unread and with the back-pressure of both, until one side has
	 * ended. Rejects with `builder-unreachable` where nobody answers there; the channel is ended in any case.
	 */
	relay?(channel: Channel, endpoint: Endpoint, options?: AbortOptions): Promise<void>;
	/** Starts to listen; resolves when connections are taken. */
	listen(options: ListenOptions): Promise<Listener>;
}
