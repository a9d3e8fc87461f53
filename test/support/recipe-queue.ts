import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type CommandResult, type RunningCommand, start } from './command.js';
import { apptainer } from './in-image.js';
import { expectNothingLeft, type Leftovers, leftovers } from './leftovers.js';
import { startQueue, type TestQueue } from './queue.js';

/** Local files of a recipe, by their names: text, or bytes. */
export type LocalFiles = Readonly<Record<string, string | Uint8Array>>;

/** One queue for all recipes of a file, each in a directory of its own. */
export interface RecipeQueue {
	readonly url: string;
	readonly queue: TestQueue;
	/** A new directory with these files in it; it is gone in the end. */
	directory(files?: LocalFiles): string;
	/** Starts `container-builder ARGUMENTS` in a directory, on a builder of the queue. */
	start(
		directory: string,
		args: readonly string[],
		environment?: Readonly<Record<string, string>>,
	): RunningCommand;
	/** The same to its end, which must be a good one. */
	build(
		directory: string,
		args: readonly string[],
		environment?: Readonly<Record<string, string>>,
	): Promise<CommandResult>;
}

/** Options of {@link useRecipeQueue}. */
export interface RecipeQueueOptions {
	/** Ports of this machine's loopback that builds reach; asked for after the `beforeAll` hooks before this one. */
	readonly ports?: () => readonly number[];
	/** Further lines of its pool. */
	readonly pool?: readonly string[];
	/** Further lines of the queue's configuration, from the left margin. */
	readonly configuration?: () => readonly string[];
}

/** Call it at the top of a `describe`: starts a queue with one builder in reserve, and leaves nothing behind. */
export function useRecipeQueue(owner: string, options: RecipeQueueOptions = {}): RecipeQueue {
	let base = '';
	let before: Leftovers;
	let queue: TestQueue | undefined;
	let directories = 0;
	beforeAll(async () => {
		base = mkdtempSync(join(tmpdir(), 'recipes-'));
		before = leftovers();
		const place = join(base, 'queue');
		mkdirSync(place, { mode: 0o700 });
		const forward = (options.ports?.() ?? []).join(', ');
		queue = await startQueue(
			place,
			owner,
			['max: 2', 'reserve: 1', `provider: { kind: local, forward: [${forward}] }`, ...(options.pool ?? [])],
			options.configuration?.(),
		);
	});
	afterAll(async () => {
		if (queue !== undefined) expect(await queue.close()).toBe(0);
		rmSync(base, { recursive: true, force: true });
		await expectNothingLeft(before);
	});
	const started = (): TestQueue => {
		if (queue === undefined) throw new Error('the queue is not started yet');
		return queue;
	};
	const startBuild: RecipeQueue['start'] = (directory, args, environment) =>
		start('container-builder', ['--queue', started().url, ...args], {
			cwd: directory,
			...(environment === undefined ? {} : { environment }),
		});
	return {
		get url() {
			return started().url;
		},
		get queue() {
			return started();
		},
		directory: (files = {}) => {
			directories++;
			const directory = join(base, `recipe-${directories}`);
			mkdirSync(directory);
			writeFiles(directory, files);
			return directory;
		},
		start: startBuild,
		build: async (directory, args, environment) => {
			const result = await startBuild(directory, args, environment).ended;
			expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
			return result;
		},
	};
}

/** Writes files below a directory; a name that ends in `.sh` becomes executable. */
export function writeFiles(directory: string, files: LocalFiles): void {
	for (const [name, content] of Object.entries(files)) {
		const path = join(directory, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, content);
		chmodSync(path, name.endsWith('.sh') ? 0o755 : 0o644);
	}
}

/** What a shell script prints inside an image. */
export function inside(image: string, script: string): Promise<string> {
	return apptainer('exec', image, '/bin/sh', '-c', script);
}
