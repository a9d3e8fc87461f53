import { connect as connectSocket, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ContainerBuilderError, canceledError, type Endpoint, sleep } from '@olcf/container-builder-core';
import { fingerprintOf } from './certificate.js';
import { formatAddress, type TlsAddress, type WsAddress } from './ws-address.js';

/** Milliseconds between attempts at a unix socket whose queue of connections is full. */
const FULL_QUEUE_DELAY_MS = 10;

/** Connects to an address; rejects with `builder-unreachable`. */
export async function openSocket(address: WsAddress, signal: AbortSignal): Promise<Socket> {
	for (;;) {
		const socket = connectSocket(
			address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
		);
		socket.setNoDelay(true);
		// The pings notice a dead peer; this is for the time in which a side has stopped reading.
		socket.setKeepAlive(true, 60_000);
		try {
			await firstEvent(socket, 'connect', signal, (error) => unreachable(address, error));
			return socket;
		} catch (error) {
			// TCP tries again by itself when many connect at once; a unix socket says so, and is alive.
			if (!hasFullQueue(error)) throw error;
			await sleep(FULL_QUEUE_DELAY_MS, signal);
		}
	}
}

function hasFullQueue(error: unknown): boolean {
	const cause = error instanceof Error ? error.cause : undefined;
	return cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN';
}

/** How the other side's certificate is judged. */
export interface CertificatePolicy {
	readonly endpoint: Endpoint;
	readonly anyCertificate: boolean;
	readonly ca: string | string[] | undefined;
}

/**
 * Makes an encrypted stream of a plain one and judges the certificate before a byte of ours is sent; rejects with
 * `fingerprint-mismatch`, or `builder-unreachable` where the other side does not speak TLS.
 */
export async function openTls(
	stream: Duplex,
	address: TlsAddress,
	policy: CertificatePolicy,
	signal: AbortSignal,
): Promise<{ readonly stream: TLSSocket; readonly fingerprint: string }> {
	const secured = connectTls({
		socket: stream,
		host: address.host,
		servername: isIP(address.host) ? '' : address.host,
		minVersion: 'TLSv1.2',
		ALPNProtocols: ['http/1.1'],
		...(policy.ca === undefined ? {} : { ca: policy.ca }),
		// Not unchecked: `judge` decides, by `authorized` or by the fingerprint.
		rejectUnauthorized: false,
	});
	await firstEvent(secured, 'secureConnect', signal, (error) => unreachable(address, error, 'TLS'));
	try {
		return { stream: secured, fingerprint: judge(secured, policy) };
	} catch (error) {
		secured.destroy();
		throw error;
	}
}

function judge(socket: TLSSocket, policy: CertificatePolicy): string {
	const { url, fingerprint: expected } = policy.endpoint;
	const raw: Uint8Array | undefined = socket.getPeerCertificate().raw;
	if (raw === undefined)
		throw new ContainerBuilderError('fingerprint-mismatch', `${url} shows no certificate`);
	const fingerprint = fingerprintOf({ der: raw });
	if (expected !== undefined) {
		if (fingerprint === expected.toLowerCase()) return fingerprint;
		throw new ContainerBuilderError(
			'fingerprint-mismatch',
			`${url} shows another certificate than the promised one`,
			{
				hint: 'Somebody may stand in between, or it has a new certificate: ask those who run it before you trust that.',
				details: { expected, found: fingerprint },
			},
		);
	}
	if (policy.anyCertificate || socket.authorized) return fingerprint;
	throw new ContainerBuilderError(
		'fingerprint-mismatch',
		`the certificate of ${url} is not trusted: ${String(socket.authorizationError)}`,
		{
			hint: 'Give the fingerprint of its certificate, or the authority that signed it.',
			details: { found: fingerprint },
		},
	);
}

/** Resolves with the event; on an error, an early end or an abort destroys the stream and rejects. */
function firstEvent(
	stream: Duplex,
	event: 'connect' | 'secureConnect',
	signal: AbortSignal,
	wrap: (error: Error) => ContainerBuilderError,
): Promise<void> {
	return new Promise((resolve, reject) => {
		const done = (): void => {
			stream.off(event, onEvent);
			stream.off('close', onClose);
			signal.removeEventListener('abort', onAbort);
		};
		const fail = (error: ContainerBuilderError): void => {
			done();
			stream.destroy();
			reject(error);
		};
		const onEvent = (): void => {
			done();
			resolve();
		};
		const onClose = (): void => fail(wrap(new Error('the connection was closed')));
		const onAbort = (): void => fail(canceledError(signal));
		stream.once(event, onEvent);
		stream.once('close', onClose);
		// Stays: an error after `destroy` must find a listener too.
		stream.on('error', (error) => fail(wrap(error)));
		if (signal.aborted) onAbort();
		else signal.addEventListener('abort', onAbort, { once: true });
	});
}

/** The error for an endpoint that does not answer, or not as it should. */
export function unreachable(address: WsAddress, cause: Error, what = 'a connection'): ContainerBuilderError {
	// Attempts at several addresses come as an AggregateError without a message.
	const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
	const text = cause.message === '' ? code : cause.message;
	return new ContainerBuilderError(
		'builder-unreachable',
		`${formatAddress(address)} does not answer (${what}): ${text}`,
		{ cause },
	);
}
