// Writes completions and manual pages into dist, from the option tables, and puts the schema of events beside them.
// Part of the build.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dist/generated-files.js';

for (const [name, text] of generatedFiles()) {
	const path = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}

const schema = 'build-events-1.schema.json';
copyFileSync(
	new URL(`../../../docs/${schema}`, import.meta.url),
	new URL(`../dist/${schema}`, import.meta.url),
);
