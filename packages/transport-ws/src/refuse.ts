import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RejectCode } from '@olcf/container-builder-core';
import { REJECT_MESSAGE, REJECT_STATUS } from './handshake.js';

/** Milliseconds for the other side to take the answer. */
const LINGER_MS = 5_000;

/** Answers a request for a channel with a refusal and ends the connection; resolves when it has ended. */
export function refuse(
	stream: Duplex,
	code: RejectCode,
	{
		reason,
		challenge,
		status = REJECT_STATUS[code],
	}: {
		readonly reason?: string | undefined;
		readonly challenge?: string | undefined;
		readonly status?: number;
	} = {},
): Promise<void> {
	if (stream.destroyed) return Promise.resolve();
	const body = JSON.stringify({ code, message: reason ?? REJECT_MESSAGE[code], challenge });
	return new Promise((resolve) => {
		const timer = setTimeout(() => stream.destroy(), LINGER_MS);
		timer.unref();
		stream.once('close', () => {
			clearTimeout(timer);
			resolve();
		});
		stream.once('finish', () => stream.destroy());
		stream.end(
			[
				`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
				'Connection: close',
				// RFC 9110, section 15.5.2.
				...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
				'Content-Type: application/json',
				`Content-Length: ${Buffer.byteLength(body)}`,
				'',
				body,
			].join('\r\n'),
		);
	});
}
