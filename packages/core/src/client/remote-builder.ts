import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { AsyncQueue } from '../events/async-queue.js';
import { buildMethods } from '../protocol/build-methods.js';
import type { Params, Result } from '../rpc/define-methods.js';
import { RpcClient } from '../rpc/rpc-client.js';
import {
	type AbortOptions,
	type Builder,
	type BuilderEvent,
	type BuilderInfo,
	type BuilderState,
	type BuildRequest,
	ContainerBuilderError,
	type ContextSource,
	type ImageStream,
	type TerminalSize,
} from '../spec/index.js';
import { BuilderLink, type BuilderLinkOptions } from './builder-link.js';
import { ByteStream } from './byte-stream.js';
import { type SendContextOptions, sendContext } from './send-context.js';

/** Options of {@link RemoteBuilder}. */
export type RemoteBuilderOptions = BuilderLinkOptions;

type Methods = typeof buildMethods;

/**
 * The client's view of one daemon. Connects when first asked; a connection that breaks is made anew and every
 * stream goes on from its last byte or event. Rejects with `builder-lost` when that failed for `reconnectMs`.
 */
export class RemoteBuilder implements Builder {
	readonly id: string;
	readonly #link: BuilderLink;
	#rpc: Promise<RpcClient<Methods>> | undefined;

	constructor(options: RemoteBuilderOptions) {
		this.id = options.id;
		this.#link = new BuilderLink(options);
	}

	info(options?: AbortOptions): Promise<BuilderInfo> {
		return this.#call('info', {}, options);
	}

	start(request: BuildRequest, options?: AbortOptions): Promise<BuilderState> {
		return this.#call('start', request, options);
	}

	/** Where it stands now. */
	state(options?: AbortOptions): Promise<BuilderState> {
		return this.#call('state', {}, options);
	}

	async context(source: ContextSource, options?: SendContextOptions): Promise<void> {
		throwIfAborted(options?.signal);
		await sendContext(this.#link, source, options);
	}

	async *states(options: { readonly after?: number } & AbortOptions = {}): AsyncIterable<BuilderEvent> {
		const { signal } = options;
		throwIfAborted(signal);
		const budget = this.#link.budget();
		let after = options.after ?? 0;
		for (;;) {
			const events = new AsyncQueue<BuilderEvent>();
			const stop = new AbortController();
			const onAbort = (): void => stop.abort(signal?.reason);
			signal?.addEventListener('abort', onAbort, { once: true });
			try {
				const rpc = await this.#connected(signal);
				budget.connected();
				rpc
					.call('states', { after }, { signal: stop.signal, onEvent: (event) => events.push(event) })
					.then(() => events.end())
					.catch((error) => events.fail(error));
				for await (const event of events) {
					budget.progressed();
					if (event.sequence <= after) continue;
					after = event.sequence;
					yield event;
					if (event.type === 'end') return;
				}
				throw new ContainerBuilderError('connection-lost', 'the events ended before the build did');
			} catch (error) {
				if (signal?.aborted) throw canceledError(signal);
				await budget.failed(error, { signal });
			} finally {
				signal?.removeEventListener('abort', onAbort);
				stop.abort();
			}
		}
	}

	async *output(options: { readonly from?: number } & AbortOptions = {}): AsyncIterable<Uint8Array> {
		throwIfAborted(options.signal);
		yield* new ByteStream(this.#link, { channel: 'output', from: options.from ?? 0, signal: options.signal });
	}

	async image(options: { readonly from?: number } & AbortOptions = {}): Promise<ImageStream> {
		throwIfAborted(options.signal);
		const from = options.from ?? 0;
		const chunks = new ByteStream(this.#link, { channel: 'image', from, signal: options.signal });
		const { size, sha256 } = await chunks.open();
		if (size === undefined || sha256 === undefined) {
			throw new ContainerBuilderError('protocol', 'the builder did not tell size and SHA-256 of the image');
		}
		return { from, size, sha256, chunks };
	}

	async resize(size: TerminalSize, options?: AbortOptions): Promise<void> {
		await this.#call('resize', size, options);
	}

	async cancel(options: { readonly force?: boolean } & AbortOptions = {}): Promise<void> {
		await this.#call('cancel', { force: options.force ?? false }, options);
	}

	async close(): Promise<void> {
		await this.#link.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	/** All methods may be repeated: that is the daemon's promise. */
	async #call<N extends keyof Methods & string>(
		method: N,
		params: Params<Methods, N>,
		{ signal }: AbortOptions = {},
	): Promise<Result<Methods, N>> {
		throwIfAborted(signal);
		const budget = this.#link.budget();
		for (;;) {
			try {
				const rpc = await this.#connected(signal);
				return await rpc.call(method, params, { signal });
			} catch (error) {
				if (signal?.aborted) throw canceledError(signal);
				await budget.failed(error, { signal });
			}
		}
	}

	/** The one connection that all calls share; its making is not any caller's to abort. */
	async #connected(signal: AbortSignal | undefined): Promise<RpcClient<Methods>> {
		this.#rpc ??= this.#connect();
		const rpc = await this.#rpc;
		throwIfAborted(signal);
		return rpc;
	}

	#connect(): Promise<RpcClient<Methods>> {
		const connecting = this.#link.dial('build').then(({ channel }) => new RpcClient(channel, buildMethods));
		const forget = (): void => {
			if (this.#rpc === connecting) this.#rpc = undefined;
		};
		connecting.then((rpc) => rpc.closed).then(forget, forget);
		return connecting;
	}
}
