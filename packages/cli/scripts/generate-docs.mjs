// Writes what of the documentation is made of tables and schemas; with --check only tells whether it is what these say.
// Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { buildEventLineSchema } from '@olcf/container-builder-core/protocol';
import { z } from 'zod';
import { documentation } from '../dist/documentation.js';

const schema = { title: 'An event of a build, version 1', ...z.toJSONSchema(buildEventLineSchema) };
const texts = {
	'docs/cli.md': documentation(),
	'docs/build-events-1.schema.json': `${JSON.stringify(schema, null, '\t')}\n`,
};

for (const [name, text] of Object.entries(texts)) {
	const path = new URL(`../../../${name}`, import.meta.url);
	if (!process.argv.includes('--check')) writeFileSync(path, text);
	else if (readFileSync(path, 'utf8') !== text) {
		process.stderr.write(`${name} is out of date: node packages/cli/scripts/generate-docs.mjs\n`);
		process.exitCode = 1;
	}
}
