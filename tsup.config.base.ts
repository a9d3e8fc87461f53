import type { Options } from 'tsup';

/** What every package shares: ESM for Node 20, one file an entry. Declarations come from `tsc -b`. */
export const base: Options = {
	format: 'esm',
	target: 'node20',
	platform: 'node',
	dts: false,
	sourcemap: false,
	splitting: true,
	clean: false,
	silent: true,
};
