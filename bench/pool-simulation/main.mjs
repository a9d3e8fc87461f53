import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { checkPolicy } from '@olcf/container-builder-core/policy';
import { say, UsageError } from '../../scripts/support/say.mjs';
import { drawArrivals } from './arrivals.mjs';
import { chart } from './chart.mjs';
import { formatDuration } from './duration.mjs';
import { HELP } from './help.mjs';
import { readOptions } from './options.mjs';
import { readTrace } from './read-trace.mjs';
import { goalLine, remarks, reportTable } from './report.mjs';
import { sweep } from './sweep.mjs';

/** Runs the simulation that the options ask for; results go to stdout, progress to stderr. */
export async function run(args) {
	// npm runs this from the top of the checkout.
	const directory = process.env.INIT_CWD ?? process.cwd();
	const options = readOptions(args, { cores: availableParallelism(), directory });
	if (options.help) {
		process.stdout.write(HELP);
		return;
	}
	const { scenario, reserves, threads, goalMs, svg } = options;
	for (const reserve of reserves) check({ ...scenario.policy, reserve });
	const { seed, startEpochMs } = scenario;
	const arrivals =
		options.trace === undefined
			? drawArrivals({ ...options.arrivals, seed, startEpochMs })
			: readTrace(options.trace);
	const began = performance.now();
	const results = await sweep({
		scenario,
		arrivals,
		reserves,
		threads,
		onResult: (reserve) => say(`reserve ${reserve}: ${formatDuration(performance.now() - began)}`),
	});
	const span = formatDuration(arrivals.length === 0 ? 0 : arrivals.atMs[arrivals.length - 1]);
	const title = `${arrivals.length} checkouts in ${span}, at most ${scenario.policy.max} builders, seed ${seed}`;
	if (svg !== undefined) writeFileSync(svg, chart(results, { goalMs, title }));
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ title, scenario, results }, undefined, '\t')}\n`);
		return;
	}
	const lines = [title, reportTable(results), ...remarks(results)];
	if (goalMs !== undefined) lines.push(goalLine(results, goalMs));
	process.stdout.write(`${lines.join('\n')}\n`);
}

function check(policy) {
	try {
		checkPolicy(policy);
	} catch (error) {
		throw new UsageError(error.message);
	}
}
