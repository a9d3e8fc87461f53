import * as z from 'zod';
import { authenticationSchema } from './authentication-schema.js';
import { poolSchema } from './pool-schema.js';
import { durationScalar } from './scalars.js';
import { count, flag, listenUrl, name, section, text } from './schema-parts.js';

const priority = z.enum(['low', 'normal', 'high'], 'must be one of: low, normal, high');
const uri = text.refine((value) => URL.canParse(value), 'must be a URI');
const userSchema = section({
	running: count(0).optional(),
	waiting: count(0).optional(),
	priority: priority.optional(),
	maxPriority: priority.optional(),
	pools: z.array(name, 'must be a list of names of pools').optional(),
	operator: flag.optional(),
});

/** What a configuration file may say. */
export const configurationSchema = section({
	owner: name,
	listen: z.array(listenUrl, 'must be a list of URLs').min(1, 'must name at least one URL'),
	tls: z
		.union(
			[z.literal('self-signed'), section({ certificate: text, key: text })],
			'must be self-signed, or have the keys certificate and key',
		)
		.optional(),
	authentication: authenticationSchema.optional(),
	relay: z.enum(['auto', 'always', 'never'], 'must be one of: auto, always, never').optional(),
	store: z
		.union([z.literal('memory'), section({ directory: text })], 'must be memory, or have the key directory')
		.optional(),
	pool: poolSchema.optional(),
	pools: z.array(poolSchema, 'must be a list of pools').min(1, 'must have at least one pool').optional(),
	users: section({
		default: userSchema.optional(),
		byName: z.record(z.string().min(1), userSchema, 'must have the names of users as keys').optional(),
		byGroup: z.record(z.string().min(1), userSchema, 'must have the names of groups as keys').optional(),
	}).default({}),
	fairness: section({ halfLife: durationScalar.optional(), patience: durationScalar.optional() }).default({}),
	reconcile: durationScalar.optional(),
	shutdown: section({ drain: durationScalar.optional(), whenIdle: durationScalar.optional() }).default({}),
	leases: section({ deadline: durationScalar.optional(), idle: durationScalar.optional() }).default({}),
	provenance: section({ key: text.optional(), builderId: uri.optional() }).optional(),
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
}).check(({ value, issues }) => {
	if ((value.pool === undefined) !== (value.pools === undefined)) return;
	const message =
		value.pool === undefined ? 'must be there, or pools' : 'must not be there beside pools: give one of them';
	issues.push({ code: 'custom', path: ['pool'], message, input: value });
});
