import { ARCHITECTURES } from '@olcf/container-builder-core';
import { z } from 'zod';
import { durationScalar, sizeScalar } from './scalars.js';

/** An object that says which keys it may have where it has another one. */
function section<S extends z.ZodRawShape>(shape: S) {
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

const name = z
	.string('must be a name: lower-case letters, digits and hyphens, at most 63')
	.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a name: lower-case letters, digits and hyphens, at most 63');
const text = z.string('must be text').min(1, 'must not be empty');
const flag = z.boolean('must be true or false');
const count = (least: number) =>
	z
		.number(`must be a whole number from ${least} on`)
		.int(`must be a whole number from ${least} on`)
		.min(least, `must be a whole number from ${least} on`);
const listenUrl = text.refine(
	(url) => /^(wss?:\/\/[^/]+\/?|ws\+unix:\/\/\/.+)$/.test(url) && URL.canParse(url),
	'must be wss://HOST:PORT, ws://HOST:PORT or ws+unix:///PATH/TO/SOCKET',
);

const limitsSchema = section({
	memory: sizeScalar.optional(),
	cpus: z.number('must be a number of cores').positive('must be more than 0').optional(),
	disk: sizeScalar.optional(),
	processes: count(1).optional(),
});

const poolSchema = section({
	name: name.default('default'),
	provider: z.looseObject({ kind: text }, 'must have the key kind, and the options of that provider'),
	max: count(1).default(4),
	reserve: count(0).default(0),
	architecture: z.enum(ARCHITECTURES, `must be one of: ${ARCHITECTURES.join(', ')}`).optional(),
	network: z
		.enum(['isolated', 'shared', 'none'], 'must be one of: isolated, shared, none')
		.default('isolated'),
	flavor: text.optional(),
	image: text.optional(),
	limits: limitsSchema.optional(),
	labels: z.record(z.string(), text).default({}),
	bootTimeout: durationScalar.optional(),
	createTimeout: durationScalar.optional(),
	createConcurrency: count(1).optional(),
	lifetime: durationScalar.optional(),
}).refine(({ max, reserve }) => reserve <= max, {
	path: ['reserve'],
	error: 'must not be larger than max',
});

/** What a configuration file may say. */
export const configurationSchema = section({
	owner: name,
	listen: z.array(listenUrl, 'must be a list of URLs').min(1, 'must name at least one URL'),
	tls: section({ certificate: text, key: text }).optional(),
	pool: poolSchema,
	leases: section({ deadline: durationScalar.optional(), idle: durationScalar.optional() }).default({}),
	catalogue: section({
		registry: text,
		repositories: z.array(text, 'must be a list of names').optional(),
		username: text.optional(),
		passwordFile: text.optional(),
		ca: text.optional(),
		insecure: flag.default(false),
	}).optional(),
	registries: section({ authfile: text }).optional(),
	log: section({
		level: z
			.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be one of: debug, info, warn, error, silent')
			.default('info'),
	}).default({ level: 'info' }),
	insecure: flag.default(false),
	allowUnenforcedLimits: flag.default(false),
});
