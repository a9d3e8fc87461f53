// Builds all packages: declarations by `tsc -b`, JavaScript by tsup, in the order of their imports.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './support/project.mjs';
import { run } from './support/run.mjs';
import { main } from './support/say.mjs';

const ORDER = [
	'core',
	'testing',
	'transport-ws',
	'provider-local',
	'provider-qemu',
	'builder',
	'queue',
	'cli',
];

await main(async () => {
	for (const name of ORDER) await rm(join(root, 'packages', name, 'dist'), { recursive: true, force: true });
	await run('node_modules/.bin/tsc', ['-b'], { cwd: root });
	for (const name of ORDER)
		await run('../../node_modules/.bin/tsup', [], { cwd: join(root, 'packages', name) });
	await run(process.execPath, [join(root, 'packages/cli/scripts/generate-files.mjs')]);
});
