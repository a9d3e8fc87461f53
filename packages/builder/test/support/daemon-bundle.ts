import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const PROGRAM = `
import { memoryTransport } from '@olcf/container-builder-testing';
import { daemonMain } from 'daemon-main';
process.exitCode = await daemonMain({
	argv: process.argv.slice(2),
	transport: memoryTransport(),
	environment: process.env,
});
`;

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The daemon as one file, as builders have it, for the process that it starts. */
export async function daemonBundle(): Promise<{
	readonly file: string;
	readonly remove: () => Promise<void>;
}> {
	const directory = await mkdtemp(join(tmpdir(), 'cb-bundle-'));
	const program = join(directory, 'program.js');
	await writeFile(program, PROGRAM);
	await build({
		entry: { daemon: program },
		outDir: directory,
		outExtension: () => ({ js: '.mjs' }),
		format: 'esm',
		target: 'node20',
		platform: 'node',
		splitting: false,
		config: false,
		silent: true,
		noExternal: [/.*/],
		banner: {
			js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
		},
		esbuildOptions: (options) => {
			options.alias = {
				'daemon-main': path('../../src/daemon-main.ts'),
				'@olcf/container-builder-core/protocol': path('../../../core/src/protocol/index.ts'),
				'@olcf/container-builder-core': path('../../../core/src/index.ts'),
				'@olcf/container-builder-testing': path('../../../testing/src/index.ts'),
			};
		},
	});
	return { file: join(directory, 'daemon.mjs'), remove: () => rm(directory, { recursive: true }) };
}
