// `npm run bench -- NAME [options]` runs bench/NAME/main.mjs against the built packages.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requireNode } from '../scripts/support/prerequisites.mjs';
import { buildPackages, installModules } from '../scripts/support/project.mjs';
import { main, UsageError } from '../scripts/support/say.mjs';

const here = import.meta.dirname;
const [name, ...options] = process.argv.slice(2);

await main(async () => {
	const names = readdirSync(here).filter((entry) => existsSync(join(here, entry, 'main.mjs')));
	if (!names.includes(name)) {
		throw new UsageError(`usage: npm run bench -- NAME [options]; NAME is one of: ${names.join(', ')}`);
	}
	requireNode();
	await installModules();
	await buildPackages();
	const { run } = await import(`./${name}/main.mjs`);
	await run(options);
});
