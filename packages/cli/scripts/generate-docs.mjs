// Writes docs/cli.md from the option tables; with --check only tells whether it is what the tables say. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { documentation } from '../dist/documentation.js';

const path = new URL('../../../docs/cli.md', import.meta.url);
const text = documentation();
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
	process.stderr.write(
		'docs/cli.md is not what the option tables say: node packages/cli/scripts/generate-docs.mjs\n',
	);
	process.exitCode = 1;
}
