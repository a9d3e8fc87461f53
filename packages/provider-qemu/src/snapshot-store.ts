import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import type { Snapshot } from './snapshot.js';

const FILES = { disk: 'disk.qcow2', state: 'state', description: 'snapshot.json' } as const;
const UNFINISHED = '.unfinished-';
/** What is unfinished for so long was left by a process that was killed. */
const LEFT_MS = 600_000;
/** They are large; each image, size and kind of network has one of its own. */
const KEPT = 4;
/** For how long machines boot where a snapshot could not be made, or was of no use. */
const RETRY_MS = 300_000;

/** Writes the two files of a snapshot. */
export type MakeSnapshot = (files: Snapshot) => Promise<void>;

/** The snapshots of a directory; several processes may use it. */
export class SnapshotStore {
	readonly #directory: string;
	readonly #known = new Map<string, Promise<Snapshot>>();
	readonly #spoilt = new Map<string, { readonly at: number; readonly reason: string }>();

	constructor(directory: string) {
		this.#directory = directory;
	}

	/**
	 * The snapshot of a key; `make` writes one where there is none that is whole. Rejects where there can be none just
	 * now: whoever asks boots instead.
	 */
	async get(key: string, make: MakeSnapshot, onProgress: (text: string) => void): Promise<Snapshot> {
		const spoilt = this.#spoilt.get(key);
		if (spoilt !== undefined && performance.now() - spoilt.at < RETRY_MS) {
			throw new ContainerBuilderError('provider-unavailable', spoilt.reason, { outcome: 'none' });
		}
		for (;;) {
			const known = this.#known.get(key);
			const found = known ?? this.#findOrMake(key, make, onProgress);
			this.#known.set(key, found);
			try {
				const snapshot = await found;
				// What is removed goes by this time.
				await utimes(join(this.#directory, key), new Date(), new Date());
				return snapshot;
			} catch (error) {
				if (this.#known.get(key) === found) this.#known.delete(key);
				// Another process may have removed what was known.
				if (known !== undefined && isMissing(error)) continue;
				this.#remember(key, error);
				throw error;
			}
		}
	}

	/** Removes one that no machine could be resumed from; for a while there is none then. */
	async spoil(key: string, reason: unknown): Promise<void> {
		this.#known.delete(key);
		this.#remember(key, reason);
		await rm(join(this.#directory, key), { recursive: true, force: true });
	}

	#remember(key: string, reason: unknown): void {
		const said = reason instanceof Error ? reason.message : String(reason);
		this.#spoilt.set(key, { at: performance.now(), reason: said });
	}

	async #findOrMake(key: string, make: MakeSnapshot, onProgress: (text: string) => void): Promise<Snapshot> {
		const target = join(this.#directory, key);
		if (await isWhole(target)) return at(target, key);
		const isThere = await stat(target).then(
			() => true,
			() => false,
		);
		onProgress(`${isThere ? 'the snapshot is damaged: ' : ''}booting a machine to take a snapshot of it`);
		await mkdir(this.#directory, { recursive: true, mode: 0o700 });
		await this.#removeOld();
		const unfinished = await mkdtemp(join(this.#directory, UNFINISHED));
		try {
			await make(at(unfinished, key));
			await writeFile(join(unfinished, FILES.description), JSON.stringify(await describe(unfinished)));
			await rm(target, { recursive: true, force: true });
			await rename(unfinished, target);
		} catch (error) {
			await rm(unfinished, { recursive: true, force: true });
			// Another process was faster.
			if (!(await isWhole(target))) throw error;
		}
		return at(target, key);
	}

	/** Removes the oldest, and what killed processes left. Machines go on with what they have open. */
	async #removeOld(): Promise<void> {
		const all = await Promise.all(
			(await readdir(this.#directory)).map(async (name) => {
				const path = join(this.#directory, name);
				return {
					name,
					path,
					usedAt: await stat(path).then(
						({ mtimeMs }) => mtimeMs,
						() => 0,
					),
				};
			}),
		);
		const whole = all.filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
		const left = all.filter(
			({ name, usedAt }) => name.startsWith(UNFINISHED) && Date.now() - usedAt > LEFT_MS,
		);
		whole.sort((one, other) => other.usedAt - one.usedAt);
		for (const { path } of [...left, ...whole.slice(KEPT - 1)]) {
			await rm(path, { recursive: true, force: true });
		}
	}
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function at(directory: string, key: string): Snapshot {
	return { key, disk: join(directory, FILES.disk), state: join(directory, FILES.state) };
}

/** QEMU takes a damaged memory as it is: this is read once in each process. */
async function isWhole(directory: string): Promise<boolean> {
	try {
		const text = await readFile(join(directory, FILES.description), 'utf8');
		return text === JSON.stringify(await describe(directory));
	} catch {
		return false;
	}
}

async function describe(directory: string): Promise<object> {
	const [disk, state] = await Promise.all(
		[FILES.disk, FILES.state].map((name) => digest(join(directory, name))),
	);
	return { schemaVersion: 1, disk, state };
}

async function digest(path: string): Promise<string> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
	return hash.digest('hex');
}
