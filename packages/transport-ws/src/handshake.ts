import {
	CHANNEL_NAMES,
	type ChannelName,
	type ChannelRequest,
	type RejectCode,
} from '@olcf/container-builder-core';

/** The WebSocket subprotocol that both sides name. */
export const SUBPROTOCOL = 'container-builder';

/** Header, both ways, in which a side tells the milliseconds between its pings. */
export const HEARTBEAT_HEADER = 'container-builder-heartbeat';

const PATH = /^\/container-builder\/v(\d{1,6})\/([a-z]+)(?:\?.*)?$/;
const PREFIX = '/container-builder/v';

/** The HTTP path that asks for a channel. */
export function channelPath(request: ChannelRequest): string {
	return `${PREFIX}${request.version}/${request.channel}`;
}

/** Whether a path is one that this transport answers, well formed or not. */
export function isChannelPath(path: string): boolean {
	return path.startsWith(PREFIX);
}

/** What {@link channelPath} was made of; undefined for a path that names no channel. */
export function parseChannelPath(path: string): { version: number; channel: ChannelName } | undefined {
	const match = PATH.exec(path);
	const channel = CHANNEL_NAMES.find((name) => name === match?.[2]);
	if (match === null || channel === undefined) return undefined;
	return { version: Number(match[1]), channel };
}

/** What a token may consist of: what a header carries unchanged, without blanks. */
export const TOKEN = /^[\x21-\x7e]+$/;

/** What a challenge may consist of. */
const CHALLENGE = /^[\x20-\x7e]{1,1024}$/;

/** The token of an `Authorization` header. */
export function parseAuthorization(header: string | undefined): string | undefined {
	const match = /^Bearer +(\S+) *$/i.exec(header ?? '');
	return match?.[1] !== undefined && TOKEN.test(match[1]) ? match[1] : undefined;
}

/** The HTTP status that a refusal travels with; the exact code is in the body. */
export const REJECT_STATUS: Readonly<Record<RejectCode, number>> = {
	unauthenticated: 401,
	forbidden: 403,
	'not-found': 404,
	busy: 409,
	'protocol-version': 426,
	unsupported: 501,
	'queue-closed': 503,
};

/** What a refusal says when nobody gave a reason. */
export const REJECT_MESSAGE: Readonly<Record<RejectCode, string>> = {
	unauthenticated: 'the token is missing or wrong',
	forbidden: 'the token does not allow this',
	'not-found': 'there is nothing of that name',
	busy: 'the other side is busy',
	'protocol-version': 'the other side does not speak this version of the protocol',
	unsupported: 'the other side cannot do this',
	'queue-closed': 'the other side is shutting down',
};

/** A refusal as it was found in the body of an answer; undefined where the body is none of ours. */
export function parseRejection(
	body: string,
): { code: RejectCode; message: string; challenge?: string } | undefined {
	let value: unknown;
	try {
		value = JSON.parse(body);
	} catch {
		return undefined;
	}
	if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
	const codes = Object.keys(REJECT_STATUS) as RejectCode[];
	const code = codes.find((known) => known === value.code);
	if (code === undefined) return undefined;
	const message = 'message' in value && typeof value.message === 'string' ? value.message : '';
	const challenge = 'challenge' in value ? value.challenge : undefined;
	return {
		code,
		message: message === '' ? REJECT_MESSAGE[code] : message,
		...(typeof challenge === 'string' && CHALLENGE.test(challenge) ? { challenge } : {}),
	};
}
