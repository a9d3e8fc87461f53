import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentation } from '../src/documentation.js';

test('docs/cli.md is what the option tables say (node packages/cli/scripts/generate-docs.mjs)', () => {
	const committed = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
	expect(committed).toBe(documentation());
});
