import { parseFrame } from '../protocol/parse-frame.js';
import { type Channel, ContainerBuilderError } from '../spec/index.js';
import type { Immutable, MethodMap, Params, Result, StreamEvent } from './define-methods.js';
import type { RequestBudget } from './request-budget.js';
import { type RpcReply, rpcRequestSchema } from './rpc-frames.js';

/** What a handler gets beside its parameters. */
export interface HandlerContext<E> {
	/** Aborted when the caller takes the request back or is gone. */
	readonly signal: AbortSignal;
	/** Sends one event; resolves when the channel has room again. */
	emit(event: Immutable<E>): Promise<void>;
}

/** One function for each method of a channel. */
export type Handlers<M extends MethodMap> = {
	readonly [N in keyof M & string]: (
		params: Params<M, N>,
		context: HandlerContext<StreamEvent<M, N>>,
	) => Promise<Immutable<Result<M, N>>>;
};

/** Most requests of one channel that may be open at a time. */
const MAX_OPEN_REQUESTS = 1024;

/**
 * Serves a channel until it has ended; open requests are aborted then. A handler that throws answers with its
 * error; a frame that breaks the protocol ends the channel. A peer with a budget is read from as fast as that allows.
 * Never rejects.
 */
export async function serveRpc<M extends MethodMap>(
	channel: Channel,
	methods: M,
	handlers: Handlers<M>,
	budget?: RequestBudget,
): Promise<void> {
	const open = new Map<number, AbortController>();
	let isOver = false;
	void channel.closed.then(() => {
		isOver = true;
	});
	const send = (reply: RpcReply): Promise<void> => channel.send(JSON.stringify(reply));

	const run = async (id: number, name: string, params: unknown, signal: AbortSignal): Promise<void> => {
		try {
			const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
			if (!method)
				throw new ContainerBuilderError('unsupported', `there is no method ${JSON.stringify(name)}`);
			const parsed = method.params.safeParse(params);
			if (!parsed.success) {
				const issue = parsed.error.issues[0];
				const place = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
				throw new ContainerBuilderError('protocol', `the parameters of ${name} break their schema${place}`);
			}
			const emit = (event: unknown): Promise<void> => send({ type: 'event', id, event });
			const handler = handlers[name] as (
				params: unknown,
				context: HandlerContext<unknown>,
			) => Promise<unknown>;
			const result = await handler(parsed.data, { signal, emit });
			await send({ type: 'response', id, result });
		} catch (error) {
			await send({ type: 'failure', id, error: ContainerBuilderError.from(error).toJSON() }).catch(() => {});
		} finally {
			open.delete(id);
		}
	};

	try {
		for await (const frame of channel) {
			const wait = budget?.take(isOver);
			if (wait !== undefined) await wait;
			const request = parseFrame(rpcRequestSchema, frame);
			if (request.type === 'abort') {
				open.get(request.id)?.abort();
				continue;
			}
			if (open.has(request.id) || open.size >= MAX_OPEN_REQUESTS) {
				throw new ContainerBuilderError('protocol', 'too many open requests, or one id twice');
			}
			const controller = new AbortController();
			open.set(request.id, controller);
			void run(request.id, request.method, request.params, controller.signal);
		}
	} catch (error) {
		const { code, message } = ContainerBuilderError.from(error, 'protocol');
		if (code === 'protocol') await channel.close({ code: 'protocol', reason: message });
		else channel.abort(error);
	} finally {
		for (const controller of open.values()) controller.abort();
	}
}
