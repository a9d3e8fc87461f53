import type {
	Channel,
	ConnectedChannel,
	Endpoint,
	IncomingChannel,
	Listener,
	Transport,
} from '@olcf/container-builder-core';
import { onTestFinished } from 'vitest';

/** Accepts whoever comes and sends back what they send, until the test is over. */
export function echo(listener: Listener): void {
	onTestFinished(() => listener.close());
	void (async () => {
		for await (const incoming of listener) void answer(incoming);
	})();
}

async function answer(incoming: IncomingChannel): Promise<void> {
	try {
		const channel = await incoming.accept();
		for await (const frame of channel) await channel.send(frame);
	} catch {
		// The other side broke off, as some tests do.
	}
}

/** Both ends of a channel through a listener. */
export async function pair(
	transport: Transport,
	listener: Listener,
): Promise<{ readonly client: ConnectedChannel; readonly server: Channel }> {
	const accepting = listener[Symbol.asyncIterator]()
		.next()
		.then(({ value }): Promise<Channel> => value.accept());
	const client = await transport.connect(only(listener), { channel: 'build', version: 1 });
	const server = await accepting;
	onTestFinished(async () => {
		client.abort('the test is over');
		server.abort('the test is over');
		await listener.close();
	});
	return { client, server };
}

/** The first endpoint of a listener. */
export function only(listener: Listener): Endpoint {
	const [endpoint] = listener.endpoints;
	if (endpoint === undefined) throw new Error('the listener has no endpoint');
	return endpoint;
}
