import { readFileSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';
import { base } from '../../tsup.config.base.js';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));
const define = { CONTAINER_BUILDER_VERSION: JSON.stringify(version) };
const commands = [
	'container-builder',
	...['cb-attach', 'cb-logs', 'cb-cancel', 'cb-status'],
	...['cb-doctor', 'cb-image', 'cb-images', 'cb-queue', 'cb-verify'],
];

/** All that they need in their own files: a start reads a few of them instead of some 140 of other packages. */
const bundled: Options = {
	...base,
	// Less the native module, which has to be where its binary is.
	noExternal: [/^(?!lmdb$)/],
	treeshake: 'smallest',
	// What was CommonJS calls `require` for Node's own modules.
	banner: {
		js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
	},
	define,
};

export default defineConfig([
	{
		...base,
		entry: ['src/index.ts', 'src/documentation.ts', 'src/generated-files.ts'],
		define,
	},
	{
		...bundled,
		entry: Object.fromEntries(commands.map((name) => [`bin/${name}`, `src/bin/${name}.ts`])),
	},
	{
		// The daemon: one file that runs wherever a Node is, with nothing beside it.
		...bundled,
		entry: { 'cb-builder': 'src/bin/cb-builder.ts' },
		outExtension: () => ({ js: '.mjs' }),
		splitting: false,
	},
]);
