import type * as z from 'zod';
import { ContainerBuilderError, type Frame } from '../spec/index.js';

/** Longest control message, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 4_194_304;

/** The control message in a frame. Throws `protocol` where it is bytes, no JSON, or not what `schema` says. */
export function parseFrame<S extends z.ZodType>(schema: S, frame: Frame): z.output<S> {
	if (typeof frame !== 'string') throw new ContainerBuilderError('protocol', 'bytes where a message was due');
	if (frame.length > MAX_MESSAGE_LENGTH)
		throw new ContainerBuilderError('protocol', 'a message over the limit');
	let value: unknown;
	try {
		value = JSON.parse(frame);
	} catch (error) {
		throw new ContainerBuilderError('protocol', 'a message that is not JSON', { cause: error });
	}
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	const issue = parsed.error.issues[0];
	const place = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
	throw new ContainerBuilderError('protocol', `a message that breaks its schema (${place})`, {
		cause: parsed.error,
	});
}
