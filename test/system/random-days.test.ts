import { expect, it } from 'vitest';
import { startProcess } from '../support/command.js';

const DAYS = 1_000;
const HALF_AN_HOUR = 1_800_000;
const PROCESSES = 2;
const share = DAYS / PROCESSES;

/** Many random days of a queue, in as many processes as there are usually cores: each day keeps one busy. */
it.concurrent.each(
	Array.from({ length: PROCESSES }, (_, index) => `${index * share + 1}..${(index + 1) * share}`),
)(
	'goes well on the random days %s',
	async (days) => {
		const file = 'packages/core/test/queue/random-day.test.ts';
		const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--reporter', 'json', file];
		const { stdout, stderr } = await startProcess(process.execPath, args, {
			environment: { RANDOM_DAYS: days },
		}).ended;
		const failures = [...stdout.matchAll(/RANDOM_DAYS=\d+ lives through it again/g)].map(([text]) => text);
		expect([...new Set(failures)], stderr.slice(-10_000)).toEqual([]);
		// All of them, and that they have met every kind of trouble.
		expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: share + 1 });
	},
	HALF_AN_HOUR,
);
