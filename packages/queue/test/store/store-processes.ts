import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { StoreProcessMessage } from './store-process.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** One of the processes, with what it has told. */
export interface StoreProcess {
	readonly child: ChildProcess;
	readonly messages: readonly StoreProcessMessage[];
	/** What it has printed. */
	readonly output: () => string;
	/** The first message, told already or to come, that has this member. */
	next(member: string): Promise<StoreProcessMessage>;
	/** Resolves with the status or the signal that ended it, and when all that it told has arrived. */
	readonly ended: Promise<number | string>;
}

/** Bundles `store-process.ts` once a file; what a test starts ends with it. */
export function storeProcesses(): {
	start(program: string, ...more: readonly string[]): StoreProcess;
	/** With a program around it, and without a channel. */
	startUnder(command: readonly string[], program: string, ...more: readonly string[]): StoreProcess;
} {
	let bundle = '';
	const running = new Set<ChildProcess>();

	beforeAll(async () => {
		bundle = await mkdtemp(join(tmpdir(), 'cb-store-process-'));
		const modules = createRequire(import.meta.url)
			.resolve('lmdb')
			.replace(/\/lmdb\/.*$/, '');
		await symlink(modules, join(bundle, 'node_modules'));
		await build({
			entry: { process: path('store-process.ts') },
			outDir: join(bundle, 'dist'),
			outExtension: () => ({ js: '.mjs' }),
			format: 'esm',
			target: 'node20',
			config: false,
			silent: true,
			external: ['lmdb'],
			noExternal: [/^(?!lmdb$)/],
			banner: {
				js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
			},
			esbuildOptions: (options) => {
				options.alias = { '@olcf/container-builder-core': path('../../../core/src/index.ts') };
			},
		});
	}, 60_000);
	afterEach(() => {
		for (const child of running) child.kill('SIGKILL');
		running.clear();
	});
	afterAll(() => rm(bundle, { recursive: true, force: true }));

	const follow = (child: ChildProcess): StoreProcess => {
		running.add(child);
		const messages: StoreProcessMessage[] = [];
		let output = '';
		child.stdout?.on('data', (chunk: Buffer) => {
			output += chunk.toString();
		});
		child.on('message', (message) => messages.push(message as StoreProcessMessage));
		return {
			child,
			messages,
			output: () => output,
			next: async (member) => {
				for (;;) {
					const found = messages.find((message) => member in message);
					if (found !== undefined) return found;
					await once(child, 'message');
				}
			},
			ended: once(child, 'close').then(([status, signal]) => status ?? signal),
		};
	};
	const program = (): string => join(bundle, 'dist', 'process.mjs');
	return {
		start: (...argv) => follow(fork(program(), argv, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })),
		startUnder: ([command = '', ...before], ...argv) =>
			follow(
				spawn(command, [...before, process.execPath, program(), ...argv], {
					stdio: ['ignore', 'pipe', 'inherit'],
				}),
			),
	};
}
