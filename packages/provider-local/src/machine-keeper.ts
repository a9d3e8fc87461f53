import { readdir, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import {
	type AbortOptions,
	ContainerBuilderError,
	type Machine,
	type MachineRequest,
	type Removed,
	sleep,
	throwIfAborted,
} from '@olcf/container-builder-core';
import type { SupervisedOptions } from './local-options.js';
import { isMachineId, machineId } from './machine-id.js';
import type { MachineMeta } from './machine-meta.js';
import { currentBootId } from './process-list.js';
import { readLogTail } from './read-log.js';
import { type FoundMachine, readMachine, toMachine } from './read-machine.js';
import { runScript } from './run-script.js';
import { openStateDirectory } from './state-directory.js';
import { findStrays, isUnfinished, removeStray, removeUnfinished } from './strays.js';
import { type SupervisedMachine, supervise, type Tether } from './supervisor.js';

/** Bytes of a machine's console that are shown. */
const CONSOLE_BYTES = 64 * 1024;

/** What a keeper has to be told about a machine beyond the request. */
export interface MachinePlan
	extends Pick<SupervisedMachine, 'kind' | 'resources' | 'variables' | 'command' | 'bootstrap'> {
	readonly imageId: string;
	readonly trees: readonly string[];
}

/** Makes, finds and removes machines that each have a directory and a supervisor. It remembers only its own tethers. */
export class MachineKeeper {
	readonly #provider: string;
	readonly #options: SupervisedOptions;
	readonly #tethers = new Map<string, Tether>();
	#stateDirectory: Promise<string> | undefined;
	#closed = false;

	constructor(provider: string, options: SupervisedOptions) {
		this.#provider = provider;
		this.#options = options;
	}

	stateDirectory(): Promise<string> {
		// One that could not be made is tried again.
		this.#stateDirectory ??= openStateDirectory(this.#options.stateDirectory).catch((error: unknown) => {
			this.#stateDirectory = undefined;
			throw error;
		});
		return this.#stateDirectory;
	}

	id(target: { readonly owner: string; readonly builderId: string }): string {
		return machineId(this.#provider, target.owner, target.builderId);
	}

	/** The machine of a request, made by `plan` where it is not there; nothing is left where it rejects. */
	async make(
		request: MachineRequest,
		plan: (place: { readonly id: string; readonly directory: string }) => Promise<MachinePlan>,
		signal: AbortSignal | undefined,
	): Promise<Machine> {
		const stateDirectory = await this.stateDirectory();
		const id = this.id(request);
		const directory = join(stateDirectory, id);
		for (;;) {
			throwIfAborted(signal);
			if (this.#closed) throw closedError();
			const present = await this.#settled(stateDirectory, id, signal);
			if (present?.meta !== undefined) return toMachine(stateDirectory, present.meta, present);
			const { imageId, trees, ...machine } = await plan({ id, directory });
			const meta: MachineMeta = {
				version: 1,
				provider: this.#provider,
				id,
				owner: request.owner,
				builderId: request.builderId,
				pool: request.pool,
				imageId,
				labels: request.labels,
				createdUptimeMs: uptime() * 1000,
				bootId: await currentBootId(),
				tethered: this.#options.tether !== false,
				trees,
			};
			const outcome = await supervise(
				{ ...machine, meta, directory, lifetimeMs: request.lifetimeMs },
				signal,
			);
			if (outcome === 'exists') continue;
			this.#keep(id, outcome);
			return toMachine(stateDirectory, meta, {
				meta,
				state: 'running',
				fault: undefined,
				attended: true,
				abandoned: false,
			});
		}
	}

	async destroy(
		target: { readonly owner: string; readonly builderId: string },
		options: AbortOptions = {},
	): Promise<void> {
		throwIfAborted(options.signal);
		const stateDirectory = await this.stateDirectory();
		await this.#stop(stateDirectory, this.id(target), options.signal);
	}

	async list({ owner }: { readonly owner: string }, options: AbortOptions = {}): Promise<Machine[]> {
		throwIfAborted(options.signal);
		const stateDirectory = await this.stateDirectory();
		const machines: Machine[] = [];
		for (const [, found] of await this.#read(stateDirectory)) {
			const { meta } = found;
			if (meta?.owner === owner && meta.provider === this.#provider) {
				machines.push(toMachine(stateDirectory, meta, found));
			}
		}
		return machines;
	}

	async sweep(
		filter: { readonly owner: string; readonly keep: ReadonlySet<string>; readonly olderThanMs: number },
		options: AbortOptions = {},
		disks?: string,
	): Promise<readonly Removed[]> {
		throwIfAborted(options.signal);
		const stateDirectory = await this.stateDirectory();
		const removed: Removed[] = [];
		for (const [id, found] of await this.#read(stateDirectory)) {
			throwIfAborted(options.signal);
			const { meta } = found;
			if (meta !== undefined) {
				if (meta.provider !== this.#provider) continue;
				// What was tied to a process that is dead is nobody's any more, whatever its owner's name.
				if (!found.abandoned && (meta.owner !== filter.owner || filter.keep.has(meta.builderId))) continue;
			}
			// Whose it is was not written yet: somebody is at it, or it is nobody's.
			else if (found.attended) continue;
			if ((await ageOf(join(stateDirectory, id), meta)) < filter.olderThanMs) continue;
			await this.#stop(stateDirectory, id, options.signal);
			removed.push(meta === undefined ? { kind: 'files', id } : { kind: 'machine', id: meta.builderId });
		}
		for (const name of (await readdir(stateDirectory)).filter(isUnfinished)) {
			if (await removeUnfinished(join(stateDirectory, name))) removed.push({ kind: 'files', id: name });
		}
		for (const stray of await findStrays(stateDirectory, disks, filter.olderThanMs)) {
			throwIfAborted(options.signal);
			if (await removeStray(stateDirectory, stray)) removed.push({ kind: stray.kind, id: stray.path });
		}
		return removed;
	}

	async console(id: string, options: AbortOptions = {}): Promise<string> {
		throwIfAborted(options.signal);
		const stateDirectory = await this.stateDirectory();
		if (!isMachineId(id) || (await readMachine(stateDirectory, id)) === undefined) {
			throw new ContainerBuilderError('not-found', `there is no machine ${id}`);
		}
		return readLogTail(join(stateDirectory, id), CONSOLE_BYTES);
	}

	/** Ends the machines that are tied to this process. */
	async close(): Promise<void> {
		this.#closed = true;
		await Promise.all([...this.#tethers.values()].map((tether) => tether.end()));
	}

	/** Names in the cache's `trees` that machines of this state directory stand on. */
	async treesInUse(): Promise<ReadonlySet<string>> {
		const found = await this.#read(await this.stateDirectory());
		return new Set(found.flatMap(([, { meta }]) => meta?.trees ?? []));
	}

	#keep(id: string, tether: Tether): void {
		if (this.#options.tether === false) {
			tether.release();
			return;
		}
		this.#tethers.set(id, tether);
		tether.onEnd(() => {
			if (this.#tethers.get(id) === tether) this.#tethers.delete(id);
		});
	}

	/** The machine, once nobody is making or removing it. */
	async #settled(
		stateDirectory: string,
		id: string,
		signal: AbortSignal | undefined,
	): Promise<FoundMachine | undefined> {
		for (;;) {
			const found = await readMachine(stateDirectory, id);
			if (found === undefined) return undefined;
			if (found.state === 'deleting' || (found.meta === undefined && !found.attended)) {
				// Whoever is, or was, at it; no machine appears without its record.
				await this.#stop(stateDirectory, id, signal);
			} else if (found.state !== 'creating') return found;
			await sleep(10, signal);
		}
	}

	async #stop(stateDirectory: string, id: string, signal: AbortSignal | undefined): Promise<void> {
		const directory = join(stateDirectory, id);
		if ((await stat(directory).catch(() => undefined)) === undefined) return;
		await runScript('stop.sh', [directory], { signal });
	}

	async #read(stateDirectory: string): Promise<readonly (readonly [string, FoundMachine])[]> {
		const ids = (await readdir(stateDirectory)).filter(isMachineId).sort();
		const found = await Promise.all(
			ids.map(async (id) => [id, await readMachine(stateDirectory, id)] as const),
		);
		return found.flatMap(([id, machine]) => (machine === undefined ? [] : [[id, machine] as const]));
	}
}

async function ageOf(directory: string, meta: MachineMeta | undefined): Promise<number> {
	if (meta !== undefined) {
		// What another boot made is older than anything.
		return meta.bootId === (await currentBootId()) ? uptime() * 1000 - meta.createdUptimeMs : Infinity;
	}
	const { mtimeMs } = await stat(directory).catch(() => ({ mtimeMs: 0 }));
	return Date.now() - mtimeMs;
}

function closedError(): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', 'the provider is closed', { outcome: 'none' });
}
