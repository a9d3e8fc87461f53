import type { AbortOptions } from '../spec/index.js';
import { RemoteBuilder, type RemoteBuilderOptions } from './remote-builder.js';

/**
 * Connects to a builder by the endpoint and token of a lease. Rejects when nobody answers there for
 * `reconnectMs`, and with what the daemon says where it says no.
 */
export async function connectBuilder(options: RemoteBuilderOptions & AbortOptions): Promise<RemoteBuilder> {
	const builder = new RemoteBuilder(options);
	try {
		await builder.state({ signal: options.signal });
		return builder;
	} catch (error) {
		await builder.close();
		throw error;
	}
}
