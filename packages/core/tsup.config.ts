import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

export default defineConfig({
	...base,
	entry: [
		'src/index.ts',
		'src/host/index.ts',
		'src/spec/index.ts',
		'src/protocol/index.ts',
		'src/policy/index.ts',
	],
});
