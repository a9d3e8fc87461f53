import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../../scripts/support/say.mjs';
import { HELP } from './help.mjs';
import { readOptions } from './options.mjs';
import { comparison, environment, runTable } from './report.mjs';
import { runScenario } from './scenario.mjs';

/** Measures a queue of each kind that the options name; tables go to stdout, progress to stderr. */
export async function run(args) {
	const options = readOptions(args, process.env.INIT_CWD ?? process.cwd());
	if (options.help) {
		process.stdout.write(HELP);
		return;
	}
	const directory = await mkdtemp(join(tmpdir(), 'container-builder-bench-'));
	const results = [];
	try {
		for (const store of options.stores) {
			for (const waiting of options.waiting) {
				say(`store ${store}, ${options.builders} builders, ${waiting} waiting`);
				const name = `${store}-${waiting}`;
				const result = await runScenario({ ...options, store, waiting, directory: join(directory, name) });
				results.push(result);
				process.stdout.write(`\n${runTable(result)}\n`);
			}
		}
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
	const machine = environment(results);
	process.stdout.write(`\n${comparison(results)}\n\n${machine.text}\n`);
	if (options.json !== undefined) {
		writeFileSync(
			options.json,
			`${JSON.stringify({ ...machine.facts, options, results }, undefined, '\t')}\n`,
		);
	}
}
