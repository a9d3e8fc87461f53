import { open, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
	type AbortOptions,
	ContainerBuilderError,
	type CreateOptions,
	cacheDirectory,
	cachePath,
	type Machine,
	type MachineRequest,
	type Provider,
	type ProviderCapabilities,
	type Removed,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { checkAllowed } from '@olcf/container-builder-core/host';
import { checkRequest } from './check-request.js';
import { type Acceleration, chooseAcceleration } from './choose-acceleration.js';
import { hostArchitecture } from './host-architecture.js';
import { type LoadedVmImage, loadVmImage, vmImageDirectory } from './load-vm-image.js';
import { machineDirectoryName } from './machine-directory.js';
import { machineFiles } from './machine-record.js';
import { machineSize } from './machine-size.js';
import { MachineStore } from './machine-store.js';
import { makeMachine } from './make-machine.js';
import { GUEST_PORT } from './qemu-arguments.js';
import type { QemuOptions } from './qemu-options.js';
import { qemuProgram } from './qemu-program.js';
import { SnapshotStore } from './snapshot-store.js';

/** Most bytes of a console that are told. */
const CONSOLE_BYTES = 64 * 1024;
/** See `qemu`. */
export class QemuProvider implements Provider {
	readonly specificationVersion = 'v1';
	readonly name = 'qemu';
	readonly capabilities: ProviderCapabilities;
	readonly #options: QemuOptions;
	readonly #making = new Map<string, Promise<Machine>>();
	#store: Promise<MachineStore> | undefined;
	#snapshots: Promise<SnapshotStore> | undefined;
	#acceleration: Promise<Acceleration> | undefined;

	constructor(options: QemuOptions) {
		for (const allowed of options.allow ?? []) checkAllowed(allowed);
		this.#options = options;
		this.capabilities = {
			architectures: [hostArchitecture()],
			networks: ['none', 'isolated', 'shared'],
			privilege: 'root',
			durable: options.tether === false,
			listen: { url: `wss://0.0.0.0:${GUEST_PORT}` },
			limits: ['memoryBytes', 'cpus'],
			headroom: true,
			resolveImage: true,
			console: true,
		};
	}

	async create(request: MachineRequest, options: CreateOptions = {}): Promise<Machine> {
		throwIfAborted(options.signal);
		checkRequest(request, this.capabilities.networks);
		const name = machineDirectoryName(request.owner, request.builderId);
		const making = this.#making.get(name) ?? this.#make(request, options);
		this.#making.set(name, making);
		try {
			return await making;
		} finally {
			if (this.#making.get(name) === making) this.#making.delete(name);
		}
	}

	async destroy(
		{ owner, builderId }: { readonly owner: string; readonly builderId: string },
		options: AbortOptions = {},
	): Promise<void> {
		throwIfAborted(options.signal);
		const name = machineDirectoryName(owner, builderId);
		await this.#making.get(name)?.catch(() => {});
		await (await this.#open()).remove(name);
	}

	async list({ owner }: { readonly owner: string }, options: AbortOptions = {}): Promise<readonly Machine[]> {
		throwIfAborted(options.signal);
		return await (await this.#open()).list(owner);
	}

	async sweep(
		filter: { readonly owner: string; readonly keep: ReadonlySet<string>; readonly olderThanMs: number },
		options: AbortOptions = {},
	): Promise<readonly Removed[]> {
		throwIfAborted(options.signal);
		return await (await this.#open()).sweep(filter);
	}

	async headroom(request: MachineRequest, options: AbortOptions = {}): Promise<number> {
		throwIfAborted(options.signal);
		const { memoryBytes } = machineSize(this.#options.flavors ?? {}, request);
		const available = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
		return Math.floor((Number(available ?? 0) * 1_024) / memoryBytes);
	}

	async resolveImage(request: MachineRequest, options: AbortOptions = {}): Promise<string> {
		throwIfAborted(options.signal);
		return (await this.#image(request.image)).manifest.id;
	}

	async console(id: string, options: AbortOptions = {}): Promise<string> {
		throwIfAborted(options.signal);
		const file = join((await this.#open()).directoryOf(id), machineFiles.console);
		const { size } = await stat(file).catch((cause: unknown) => {
			throw new ContainerBuilderError('not-found', `there is no machine ${id}`, { cause });
		});
		const handle = await open(file, 'r');
		try {
			const length = Math.min(size, CONSOLE_BYTES);
			const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
			return buffer.toString('utf8', 0, bytesRead);
		} finally {
			await handle.close();
		}
	}

	/** Ends the machines that are tethered to this process. */
	async close(): Promise<void> {
		if (this.#options.tether === false || this.#store === undefined) return;
		await Promise.allSettled(this.#making.values());
		await (await this.#store).removeOwn();
	}

	async #make(request: MachineRequest, options: CreateOptions): Promise<Machine> {
		const store = await this.#open();
		const image = await this.#image(request.image);
		const program = this.#options.program ?? qemuProgram();
		return await makeMachine({
			store,
			image,
			program,
			acceleration: await this.#accelerate(program, image, options),
			size: machineSize(this.#options.flavors ?? {}, request),
			tether: this.#options.tether ?? true,
			request,
			snapshots: this.#options.snapshots === false ? undefined : await this.#openSnapshots(),
			allow: this.#options.allow ?? [],
			onProgress: options.onProgress ?? (() => {}),
			signal: options.signal,
		});
	}

	async #accelerate(
		program: string,
		image: LoadedVmImage,
		{ onProgress }: CreateOptions,
	): Promise<'kvm' | 'tcg'> {
		const wanted = this.#options.acceleration ?? 'auto';
		if (wanted !== 'auto') return wanted;
		this.#acceleration ??= chooseAcceleration(program, image);
		const { kind, reason } = await this.#acceleration;
		if (kind === 'tcg') onProgress?.(`emulated, which is slow: ${reason}`);
		return kind;
	}

	async #image(named: string | undefined): Promise<LoadedVmImage> {
		const images = this.#options.imagesDirectory ?? join(cachePath(), 'images');
		return await loadVmImage(vmImageDirectory(images, this.#options.image, named));
	}

	async #openSnapshots(): Promise<SnapshotStore> {
		this.#snapshots ??= (async () =>
			new SnapshotStore(
				resolve(this.#options.snapshotDirectory ?? join(await cacheDirectory(), 'qemu-snapshots')),
			))();
		return await this.#snapshots;
	}

	async #open(): Promise<MachineStore> {
		this.#store ??= (async () =>
			await MachineStore.open(
				resolve(this.#options.stateDirectory ?? join(await cacheDirectory(), 'qemu')),
			))();
		return await this.#store;
	}
}
