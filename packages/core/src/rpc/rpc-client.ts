import { abortable } from '../concurrency/abortable.js';
import { type Deferred, deferred } from '../concurrency/deferred.js';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { parseFrame } from '../protocol/parse-frame.js';
import { type AbortOptions, type Channel, type CloseInfo, ContainerBuilderError } from '../spec/index.js';
import type { MethodMap, Params, Result, StreamEvent } from './define-methods.js';
import { rpcReplySchema } from './rpc-frames.js';

/** Options of one call. */
export interface CallOptions<E> extends AbortOptions {
	/** Called with each event before the answer; not again before the promise that it returned is settled. */
	readonly onEvent?: ((event: E) => void | Promise<void>) | undefined;
}

interface PendingCall {
	readonly answer: Deferred<unknown>;
	readonly onEvent: ((event: unknown) => void | Promise<void>) | undefined;
	readonly method: string;
}

/** The calling side of a channel with methods: many requests at a time, each with its events and one answer. */
export class RpcClient<M extends MethodMap> implements AsyncDisposable {
	/** Resolves when the channel has ended; calls after that reject with `connection-lost`. */
	readonly closed: Promise<CloseInfo>;
	readonly #channel: Channel;
	readonly #methods: M;
	readonly #pending = new Map<number, PendingCall>();
	#lastId = 0;
	#ended: ContainerBuilderError | undefined;

	constructor(channel: Channel, methods: M) {
		this.#channel = channel;
		this.#methods = methods;
		this.closed = channel.closed;
		void this.#read();
	}

	/** Calls a method. Aborting tells the other side, and rejects with `canceled` at once. */
	async call<N extends keyof M & string>(
		method: N,
		params: Params<M, N>,
		options: CallOptions<StreamEvent<M, N>> = {},
	): Promise<Result<M, N>> {
		const { signal, onEvent } = options;
		if (!Object.hasOwn(this.#methods, method)) throw new TypeError(`there is no method ${method}`);
		throwIfAborted(signal);
		if (this.#ended) throw this.#ended;
		const id = ++this.#lastId;
		const answer = deferred<unknown>();
		answer.promise.catch(() => {});
		this.#pending.set(id, { answer, method, onEvent: onEvent as PendingCall['onEvent'] });
		try {
			await this.#channel.send(JSON.stringify({ type: 'request', id, method, params }), { signal });
			return (await abortable(answer.promise, signal)) as Result<M, N>;
		} catch (error) {
			if (signal?.aborted) this.#channel.send(JSON.stringify({ type: 'abort', id })).catch(() => {});
			throw error;
		} finally {
			this.#pending.delete(id);
		}
	}

	/** Ends the channel; open calls reject with `connection-lost`. Idempotent. */
	async close(): Promise<void> {
		await this.#channel.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #read(): Promise<void> {
		try {
			for await (const frame of this.#channel) await this.#take(frame);
			const info = await this.#channel.closed;
			this.#end(
				new ContainerBuilderError('connection-lost', info.reason ?? 'the other side ended the connection'),
			);
		} catch (error) {
			this.#end(ContainerBuilderError.from(error, 'connection-lost'));
			this.#channel.abort(error);
		}
	}

	async #take(frame: string | Uint8Array): Promise<void> {
		const reply = parseFrame(rpcReplySchema, frame);
		const call = this.#pending.get(reply.id);
		const method = call && this.#methods[call.method];
		// The answer to a call that was taken back.
		if (!call || !method) return;
		if (reply.type === 'failure') call.answer.reject(ContainerBuilderError.fromJSON(reply.error));
		else if (reply.type === 'response') call.answer.resolve(check(method.result, reply.result, call.method));
		else if (method.event) await call.onEvent?.(check(method.event, reply.event, call.method));
	}

	#end(error: ContainerBuilderError): void {
		this.#ended = error;
		for (const call of this.#pending.values()) call.answer.reject(error);
		this.#pending.clear();
	}
}

function check(schema: MethodMap[string]['params'], value: unknown, method: string): unknown {
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw new ContainerBuilderError('protocol', `the answer to ${method} breaks its schema`, {
		cause: parsed.error,
	});
}
