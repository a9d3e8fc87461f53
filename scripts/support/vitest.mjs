import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './project.mjs';
import { run } from './run.mjs';

/** Runs one of vitest's projects, tells what was skipped, and counts. `node`: path of another Node. */
export async function vitest(project, { report, node = process.execPath, cwd = root }) {
	mkdirSync(dirname(report), { recursive: true });
	rmSync(report, { force: true });
	const entry = join(root, 'node_modules', 'vitest', 'vitest.mjs');
	const args = [
		entry,
		'run',
		'--project',
		project,
		'--reporter=default',
		'--reporter=json',
		`--outputFile.json=${report}`,
	];
	const failure = await run(node, args, { cwd }).then(
		() => undefined,
		(error) => error,
	);
	if (!existsSync(report)) throw failure ?? new Error(`vitest left no report of ${project}`);
	const result = JSON.parse(readFileSync(report, 'utf8'));
	for (const file of result.testResults) {
		const path = relative(cwd, file.name);
		if (file.status === 'failed' && file.assertionResults.length === 0) tellFailed(path, '', file.message);
		for (const test of file.assertionResults) {
			if (test.status === 'skipped' || test.status === 'pending')
				process.stdout.write(`skipped: ${test.fullName}\n`);
			if (test.status === 'failed') tellFailed(path, test.fullName, test.failureMessages?.[0]);
		}
	}
	const counts = {
		passed: result.numPassedTests,
		failed: result.numFailedTests,
		skipped: result.numPendingTests + result.numTodoTests,
	};
	// A file that could not be loaded, or an unhandled rejection, is a failure that no test of vitest's counts.
	const broken = result.testResults.filter(
		(file) => file.status === 'failed' && file.assertionResults.length === 0,
	).length;
	return { ...counts, failed: counts.failed + broken + (failure && counts.failed + broken === 0 ? 1 : 0) };
}

/** One line for each failed test, which `.ci/run` repeats at its end: a log of a hundred thousand lines hides it. */
function tellFailed(path, name, message = '') {
	const why = stripVTControlCharacters(message).trim().split('\n', 1)[0].slice(0, 300);
	process.stdout.write(`failed: ${[path, name].filter(Boolean).join(': ')}: ${why}\n`);
}
