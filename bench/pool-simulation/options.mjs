import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/support/say.mjs';
import { read } from './option-values.mjs';
import { policyFromFile } from './policy-from-file.mjs';

const STRINGS = {
	trace: undefined,
	arrivals: read.count(1),
	duration: read.duration,
	rate: read.perHour,
	profile: read.choice(['flat', 'working-hours']),
	night: read.share,
	burst: read.burst,
	build: read.distribution,
	create: read.distribution,
	boot: read.distribution,
	destroy: read.distribution,
	'launch-failures': read.share,
	'boot-timeout': read.duration,
	vanish: read.share,
	idle: read.duration,
	lifetime: read.duration,
	deadline: read.duration,
	quota: read.count(0),
	start: read.moment,
	'warm-up': read.duration,
	reserve: read.counts,
	max: read.count(1),
	'scale-factor': read.factor,
	'max-reserve': read.count(0),
	'max-reserve-age': read.duration,
	'create-concurrency': read.count(1),
	'create-rate': read.createRate,
	'launch-retries': read.count(0),
	config: undefined,
	'goal-p95': read.duration,
	svg: undefined,
	seed: read.count(0),
	threads: read.count(1),
};
const FLAGS = ['json', 'short', 'help'];

/** For `--short`: a few seconds at most, the same figures each time. */
const SHORT = { arrivals: '5000', reserve: '0..6:2', max: '20', 'goal-p95': '5s' };

/**
 * What the command line asks for, with all defaults and paths from `directory` on; `{ help: true }` where it asks for
 * help. Throws `UsageError`.
 */
export function readOptions(args, { cores, directory }) {
	const values = parse(args);
	if (values.help) return { help: true };
	const given = { ...(values.short ? SHORT : {}), ...values };
	const option = (name, fallback) => {
		const text = given[name];
		return text === undefined ? fallback : (STRINGS[name]?.(`--${name}`, text) ?? text);
	};
	const file = given.config === undefined ? { policy: {} } : policyFromFile(resolve(directory, given.config));
	const durationMs = option('duration');
	return {
		help: false,
		json: given.json ?? false,
		svg: given.svg && resolve(directory, given.svg),
		goalMs: option('goal-p95'),
		threads: option('threads', cores),
		trace: given.trace && resolve(directory, given.trace),
		arrivals: {
			count: option('arrivals', durationMs === undefined ? 20_000 : undefined),
			durationMs,
			perHour: option('rate', 30),
			profile: option('profile', 'flat'),
			night: option('night', 0.1),
			burst: option('burst'),
			build: option('build', { medianMs: 240_000, sigma: 1 }),
		},
		reserves: option('reserve', [file.policy.reserve ?? 0]),
		scenario: {
			seed: option('seed', 1),
			startEpochMs: option('start', Date.parse('2026-01-05T00:00:00Z')),
			warmUpMs: option('warm-up', 600_000),
			createMs: option('create', { medianMs: 5_000, sigma: 0.3 }),
			bootMs: option('boot', { medianMs: 25_000, sigma: 0.3 }),
			destroyMs: option('destroy', { medianMs: 5_000, sigma: 0.3 }),
			launchFailures: option('launch-failures', 0),
			bootTimeoutMs: option('boot-timeout', file.bootTimeoutMs ?? 120_000),
			vanish: option('vanish', 0),
			idleMs: option('idle', file.idleMs ?? 60_000),
			lifetimeMs: option('lifetime', file.lifetimeMs ?? 86_400_000),
			deadlineMs: option('deadline', file.deadlineMs ?? 14_400_000),
			quota: option('quota'),
			policy: {
				...file.policy,
				max: option('max', file.policy.max ?? 25),
				scaleFactor: option('scale-factor', file.policy.scaleFactor),
				maxReserve: option('max-reserve', file.policy.maxReserve),
				maxReserveAgeMs: option('max-reserve-age', file.policy.maxReserveAgeMs),
				createConcurrency: option('create-concurrency', file.policy.createConcurrency),
				createRate: option('create-rate', file.policy.createRate),
				launchRetries: option('launch-retries', file.policy.launchRetries),
			},
		},
	};
}

function parse(args) {
	const options = Object.fromEntries([
		...Object.keys(STRINGS).map((name) => [name, { type: 'string' }]),
		...FLAGS.map((name) => [name, { type: 'boolean' }]),
	]);
	try {
		return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
	} catch (error) {
		throw new UsageError(`${error.message.split('.')[0]}; --help tells the options`);
	}
}
