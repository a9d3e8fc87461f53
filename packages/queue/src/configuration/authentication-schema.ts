import * as z from 'zod';
import { section, text } from './schema-parts.js';

const patterns = z.union([text, z.array(text).min(1)], 'must be a text, or a list of texts');
/** Plain HTTP would let anybody on the way sign tokens; on this machine nobody is on the way. */
const issuerUrl = text.refine(
	(url) =>
		URL.canParse(url) && /^(https:\/\/|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/])/.test(`${url}/`),
	'must be a URL with https:',
);

/** How a queue knows who somebody is, in a configuration file. */
export const authenticationSchema = section({
	tokens: section({ file: text }).optional(),
	munge: section({ socket: text.optional() }).optional(),
	jwt: z
		.array(
			section({
				issuer: issuerUrl,
				audience: text,
				jwks: issuerUrl.optional(),
				user: text.optional(),
				userPrefix: text.optional(),
				groups: z.array(text, 'must be a list of names of claims').optional(),
				require: z.record(z.string(), patterns, 'must have names of claims as keys').optional(),
			}),
			'must be a list of issuers',
		)
		.min(1, 'must have at least one issuer')
		.refine(
			(issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
			'must have each issuer once',
		)
		.optional(),
});
