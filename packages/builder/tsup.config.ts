import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

export default defineConfig({
	...base,
	entry: ['src/index.ts'],
	define: { CONTAINER_BUILDER_VERSION: JSON.stringify(version) },
});
