import { randomBytes } from 'node:crypto';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint, Transport } from '@olcf/container-builder-core';
import { seededRandom } from '@olcf/container-builder-testing';

const PREFIX = 'ws+unix://';

/** How many cuts there are to be of each channel, and after how many bytes at most. */
export type CutPlan = Readonly<Record<string, { readonly cuts: number; readonly withinBytes: number }>>;

/** Stands between a client and unix sockets, and cuts connections after random numbers of bytes, whichever way they go. */
export class CuttingProxy implements AsyncDisposable {
	/** By channel. */
	readonly cuts: Record<string, number> = {};
	readonly #plan: CutPlan;
	readonly #random: () => number;
	readonly #servers = new Map<string, Promise<{ readonly server: Server; readonly path: string }>>();
	readonly #sockets = new Set<Socket>();

	constructor(plan: CutPlan, seed: number) {
		this.#plan = plan;
		this.#random = seededRandom(seed);
	}

	/** The same transport, whose connections to builders go through here; those to the queue do not. */
	over(transport: Transport): Transport {
		return {
			specificationVersion: transport.specificationVersion,
			name: transport.name,
			schemes: transport.schemes,
			capabilities: transport.capabilities,
			listen: (...call) => transport.listen(...call),
			connect: async (endpoint, request, options) => {
				const by = request.channel === 'queue' ? endpoint : await this.#by(endpoint);
				return await transport.connect(by, request, options);
			},
		};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		for (const server of this.#servers.values()) (await server).server.close();
	}

	async #by(endpoint: Endpoint): Promise<Endpoint> {
		const target = endpoint.url.slice(PREFIX.length);
		const known = this.#servers.get(target) ?? this.#listen(target);
		this.#servers.set(target, known);
		return { ...endpoint, url: `${PREFIX}${(await known).path}` };
	}

	async #listen(target: string): Promise<{ readonly server: Server; readonly path: string }> {
		const path = join(tmpdir(), `cut-${randomBytes(6).toString('hex')}.sock`);
		const server = createServer((client) => this.#join(client, dial(target)));
		await new Promise<void>((resolve) => server.listen(path, resolve));
		return { server, path };
	}

	#join(client: Socket, builder: Socket): void {
		let channel = '';
		let left = Infinity;
		const end = (): void => {
			client.destroy();
			builder.destroy();
		};
		const count = (bytes: number): void => {
			left -= bytes;
			if (left > 0) return;
			left = Infinity;
			this.cuts[channel] = (this.cuts[channel] ?? 0) + 1;
			end();
		};
		client.once('data', (first) => {
			channel = /^GET \/container-builder\/v\d+\/([a-z]+)/.exec(first.toString('latin1'))?.[1] ?? '';
			const plan = this.#plan[channel];
			if (plan !== undefined && (this.cuts[channel] ?? 0) < plan.cuts)
				left = this.#random() * plan.withinBytes;
		});
		for (const [from, to] of [
			[client, builder],
			[builder, client],
		] as const) {
			this.#sockets.add(from);
			from.on('data', (bytes) => {
				count(bytes.byteLength);
				if (!to.destroyed && !to.write(bytes)) from.pause();
			});
			to.on('drain', () => from.resume());
			from.on('error', end);
			from.on('close', () => {
				this.#sockets.delete(from);
				end();
			});
		}
	}
}
