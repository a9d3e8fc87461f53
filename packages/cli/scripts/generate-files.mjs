// Writes completions and manual pages into dist, from the option tables. Part of the build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dist/generated-files.js';

for (const [name, text] of generatedFiles()) {
	const path = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}
