import { expect, it } from 'vitest';
import { startProcess } from '../support/command.js';

const DAYS = 1_000;
const HALF_AN_HOUR = 1_800_000;
const PROCESSES = 2;
const share = DAYS / PROCESSES;

/** Of vitest's JSON report what is looked at. */
interface Report {
	readonly testResults: readonly {
		readonly message: string;
		readonly assertionResults: readonly {
			readonly status: string;
			readonly fullName: string;
			readonly failureMessages: readonly string[];
		}[];
	}[];
}

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
		const report: Report = JSON.parse(stdout);
		const failed = report.testResults.flatMap(({ message, assertionResults }) => [
			...(assertionResults.length === 0 ? [message] : []),
			...assertionResults
				.filter(({ status }) => status === 'failed')
				.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join().slice(0, 2_000)}`),
		]);
		expect(failed, stderr.slice(-10_000)).toEqual([]);
		// All of them, and that they have met every kind of trouble.
		expect(report).toMatchObject({ success: true, numPassedTests: share + 1 });
	},
	HALF_AN_HOUR,
);
