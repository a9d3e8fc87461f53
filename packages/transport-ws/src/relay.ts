import { pipeline } from 'node:stream/promises';
import {
	type AbortOptions,
	type Channel,
	canceledError,
	type Endpoint,
	linkSignal,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { channelDuplex } from './channel-duplex.js';
import { openSocket, unreachable } from './open-stream.js';
import { parseAddress } from './ws-address.js';

const CONNECT_LIMIT_MS = 10_000;

/** Carries a channel's bytes to an endpoint and back; see `Transport.relay`. */
export async function relay(channel: Channel, endpoint: Endpoint, options: AbortOptions = {}): Promise<void> {
	const inner = channelDuplex(channel);
	try {
		throwIfAborted(options.signal);
		const socket = await dial(endpoint, options.signal);
		const { signal } = options;
		await Promise.all([pipeline(inner, socket, { signal }), pipeline(socket, inner, { signal })]);
	} catch (error) {
		if (options.signal?.aborted) throw canceledError(options.signal);
		throw error;
	} finally {
		inner.destroy();
	}
}

async function dial(endpoint: Endpoint, signal: AbortSignal | undefined) {
	const address = parseAddress(endpoint.url);
	const link = linkSignal(signal);
	const timer = setTimeout(() => link.abort('timeout'), CONNECT_LIMIT_MS);
	try {
		return await openSocket(address, link.signal);
	} catch (error) {
		if (link.signal.aborted) throw unreachable(address, new Error(`no answer in ${CONNECT_LIMIT_MS} ms`));
		throw error;
	} finally {
		clearTimeout(timer);
		link.dispose();
	}
}
