import { parse } from 'yaml';
import { UsageError } from '../../scripts/support/say.mjs';
import { read } from './option-values.mjs';
import { readText } from './read-text.mjs';

const SAME = [
	'enabled',
	'max',
	'reserve',
	'scaleFactor',
	'maxReserve',
	'createConcurrency',
	'launchRetries',
	'periods',
];

/** What the `pool:` and `leases:` sections of a queue's configuration say of its policy and times. */
export function policyFromFile(path) {
	return policyFromText(readText(path), path);
}

/** The same of a text; `path` is for messages. What is not about the policy is not looked at. */
export function policyFromText(text, path) {
	const { pool, leases = {} } = parse(text) ?? {};
	if (pool === undefined) throw new UsageError(`${path} has no section pool:`);
	const duration = (section, key) => {
		const value = (section === 'pool' ? pool : leases)[key];
		return value === undefined ? undefined : read.duration(`${path}: ${section}.${key}`, value);
	};
	const policy = Object.fromEntries(
		SAME.filter((key) => pool[key] !== undefined).map((key) => [key, pool[key]]),
	);
	const maxReserveAgeMs = duration('pool', 'maxReserveAge');
	if (maxReserveAgeMs !== undefined) policy.maxReserveAgeMs = maxReserveAgeMs;
	if (pool.createRate !== undefined) {
		const { count, per } = pool.createRate;
		const rate = count === undefined ? pool.createRate : `${count}/${per}`;
		policy.createRate = read.createRate(`${path}: pool.createRate`, rate);
	}
	return {
		policy,
		lifetimeMs: duration('pool', 'lifetime'),
		bootTimeoutMs: duration('pool', 'bootTimeout'),
		deadlineMs: duration('leases', 'deadline'),
		idleMs: duration('leases', 'idle'),
	};
}
