import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
	BuilderQueue,
	type ProvenanceSigner,
	type Provider,
	type Transport,
} from '@olcf/container-builder-core';
import type { ContainerBuilderOptions } from './container-builder-options.js';
import { daemonPath } from './daemon-path.js';
import type { LoadedQueue } from './deferred-queue.js';
import { ownQueueOwner } from './own-queue.js';
import { version } from './version.js';

/** The queue in this process, whose builders nobody else knows of. */
export async function embeddedQueue(
	options: ContainerBuilderOptions,
	transports: readonly Transport[],
): Promise<LoadedQueue> {
	const { reserve = 0, network, limits, logger, insecure } = options;
	const max = options.max ?? Math.max(4, reserve + 1);
	const own = typeof options.provider === 'object' ? undefined : await loadProvider(options.provider);
	const provider = own ?? options.provider;
	if (typeof provider !== 'object') throw new TypeError(`there is no provider ${provider}`);
	const queue = new BuilderQueue({
		provider,
		transports,
		owner: `embedded-${process.pid}-${randomBytes(4).toString('hex')}`,
		pool: { max, reserve, network, limits, emulate: provider.capabilities.emulates },
		signer: mySigner(),
		logger,
		insecure,
		version,
	});
	return {
		queue,
		start: (startOptions) => queue.start(startOptions),
		close: async () => {
			try {
				await queue.close();
			} finally {
				await own?.close?.();
			}
		},
	};
}

/**
 * The same as of the user's own queue: who has built something here verifies it here, whichever it was. Loaded when something
 * is to be signed.
 */
function mySigner(): ProvenanceSigner {
	const owner = ownQueueOwner();
	const builderId = `container-builder://${hostname()}/${owner}`;
	const load = async (): Promise<ProvenanceSigner> => {
		const { ownSigner } = await import('@olcf/container-builder-queue');
		return ownSigner({ owner, builderId });
	};
	return {
		builderId,
		key: async () => (await load()).key(),
		sign: async (bytes) => (await load()).sign(bytes),
	};
}

async function loadProvider(name: 'local' | 'qemu' | 'host' = 'local'): Promise<Provider> {
	if (name === 'qemu') return (await import('@olcf/container-builder-provider-qemu')).qemu();
	const { host, local } = await import('@olcf/container-builder-provider-local');
	return name === 'host' ? host({ daemon: daemonPath() }) : local();
}
