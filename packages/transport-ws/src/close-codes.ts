import type { CloseInfo } from '@olcf/container-builder-core';

/** RFC 6455 section 7.4; 4000 and up are for an application's own use. */
const TO_WIRE: Record<CloseInfo['code'], number> = {
	normal: 1000,
	'going-away': 1001,
	protocol: 1002,
	'too-large': 1009,
	timeout: 4000,
	lost: 4001,
};

const FROM_WIRE = new Map<number, CloseInfo['code']>([
	[1000, 'normal'],
	[1001, 'going-away'],
	[1002, 'protocol'],
	[1003, 'protocol'],
	// No code was given: the peer closed in order, but is not one of ours.
	[1005, 'normal'],
	// Never on the wire: there was no close frame.
	[1006, 'lost'],
	[1007, 'protocol'],
	[1008, 'protocol'],
	[1009, 'too-large'],
	[1010, 'protocol'],
	[1012, 'going-away'],
	[1013, 'going-away'],
	[4000, 'timeout'],
	[4001, 'lost'],
]);

const MAX_REASON_BYTES = 120;

/** What the close frame says. */
export function toWire(info: CloseInfo): { readonly code: number; readonly reason: string } {
	return { code: TO_WIRE[info.code], reason: shorten(info.reason ?? '') };
}

/** What a close frame, or its absence, means. */
export function fromWire(code: number, reason: string): CloseInfo {
	return { code: FROM_WIRE.get(code) ?? 'lost', ...(reason === '' ? {} : { reason }) };
}

/** The beginning of a text that fits into a close frame, cut between characters. */
function shorten(text: string): string {
	if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text;
	let end = 0;
	let bytes = 0;
	for (const character of text) {
		bytes += Buffer.byteLength(character);
		if (bytes > MAX_REASON_BYTES) break;
		end += character.length;
	}
	return text.slice(0, end);
}
