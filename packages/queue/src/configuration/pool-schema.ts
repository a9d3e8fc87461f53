import { ARCHITECTURES } from '@olcf/container-builder-core';
import * as z from 'zod';
import { durationScalar, rateScalar, sizeScalar } from './scalars.js';
import { count, flag, name, section, text } from './schema-parts.js';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const factor = z.number('must be a number from 0 on').min(0, 'must be a number from 0 on');
const time = z
	.string('must be a time of day such as "08:00", in quotes')
	.regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as "08:00", in quotes');

const limitsSchema = section({
	memory: sizeScalar.optional(),
	cpus: z.number('must be a number of cores').positive('must be more than 0').optional(),
	disk: sizeScalar.optional(),
	processes: count(1).optional(),
});

const periodSchema = section({
	days: z
		.array(z.enum(WEEKDAYS, `must be of: ${WEEKDAYS.join(', ')}`), 'must be a list of days')
		.min(1, 'must name at least one day')
		.optional(),
	from: time,
	to: time,
	timezone: text,
	max: count(1).optional(),
	reserve: count(0).optional(),
	scaleFactor: factor.optional(),
	maxReserve: count(0).optional(),
});

/** A pool in a configuration file. */
export const poolSchema = section({
	name: name.default('default'),
	provider: z.looseObject({ kind: text }, 'must have the key kind, and the options of that provider'),
	enabled: flag.default(true),
	max: count(1).default(4),
	reserve: count(0).default(0),
	scaleFactor: factor.optional(),
	maxReserve: count(0).optional(),
	maxReserveAge: durationScalar.optional(),
	createConcurrency: count(1).optional(),
	createRate: rateScalar.optional(),
	launchRetries: count(0).optional(),
	periods: z.array(periodSchema, 'must be a list of periods').optional(),
	architecture: z.enum(ARCHITECTURES, `must be one of: ${ARCHITECTURES.join(', ')}`).optional(),
	emulate: z
		.array(
			z.enum(ARCHITECTURES, `must be of: ${ARCHITECTURES.join(', ')}`),
			'must be a list of architectures',
		)
		.optional(),
	network: z
		.enum(['isolated', 'shared', 'none'], 'must be one of: isolated, shared, none')
		.default('isolated'),
	flavor: text.optional(),
	image: text.optional(),
	limits: limitsSchema.optional(),
	labels: z.record(z.string(), text).default({}),
	bootTimeout: durationScalar.optional(),
	createTimeout: durationScalar.optional(),
	lifetime: durationScalar.optional(),
}).refine(({ max, reserve }) => reserve <= max, {
	path: ['reserve'],
	error: 'must not be larger than max',
});
