import * as z from 'zod';

/** An object that says which keys it may have where it has another one. */
export function section<S extends z.ZodRawShape>(shape: S) {
	return z.strictObject(shape, {
		error: (issue) => {
			if (issue.code === 'unrecognized_keys') {
				const keys = (issue.keys as string[]).join(', ');
				return `unknown: ${keys}. Allowed here: ${Object.keys(shape).join(', ')}`;
			}
			return issue.code === 'invalid_type' ? `must have keys: ${Object.keys(shape).join(', ')}` : undefined;
		},
	});
}

/** A name of ours. */
export const name = z
	.string('must be a name: lower-case letters, digits and hyphens, at most 63')
	.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a name: lower-case letters, digits and hyphens, at most 63');
/** Text that is not empty. */
export const text = z.string('must be text').min(1, 'must not be empty');
/** Yes or no. */
export const flag = z.boolean('must be true or false');
/** A whole number from `least` on. */
export const count = (least: number) =>
	z
		.number(`must be a whole number from ${least} on`)
		.int(`must be a whole number from ${least} on`)
		.min(least, `must be a whole number from ${least} on`);
/** Where a queue may listen. */
export const listenUrl = text.refine(
	(url) => /^(wss?:\/\/[^/]+\/?|ws\+unix:\/\/\/.+)$/.test(url) && URL.canParse(url),
	'must be wss://HOST:PORT, ws://HOST:PORT or ws+unix:///PATH/TO/SOCKET',
);
