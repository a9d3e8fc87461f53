import type { BuilderQueue, Endpoint, Logger, Provider } from '@olcf/container-builder-core';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { assembleQueue, type TransportFactory } from './assemble-queue.js';
import { makeSocketDirectories } from './check-exposure.js';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import { noneAuthenticator } from './none-authenticator.js';
import type { ProviderFactories } from './provider-factories.js';
import { type QueueServer, serveQueue } from './serve-queue.js';
import { serviceLogger } from './service-logger.js';

/** Options of {@link queueService}. */
export interface QueueServiceOptions {
	readonly configuration: QueueConfiguration;
	readonly providers: ProviderFactories;
	readonly transports: TransportFactory;
	/** Where log lines go. @default process.stderr */
	readonly logStream?: { write(text: string): unknown } | undefined;
	/** What `status` tells. */
	readonly version?: string | undefined;
}

/** A queue that runs and listens. */
export interface QueueService extends AsyncDisposable {
	readonly queue: BuilderQueue;
	readonly endpoints: readonly Endpoint[];
	/** Resolves when the queue has looked at what was there before; rejects with what time does not mend. */
	readonly ready: Promise<void>;
	/** Takes nothing new, ends all leases, destroys all builders, then stops to listen. Idempotent. */
	close(): Promise<void>;
}

/**
 * Runs a queue by its configuration: provider, catalogue, logs, listeners. Resolves when it listens; `ready` tells
 * of the rest. Rejects with `invalid-configuration` or `invalid-option`.
 */
export async function queueService(options: QueueServiceOptions): Promise<QueueService> {
	const { configuration } = options;
	const { insecure, listen, owner } = configuration;
	const logger = serviceLogger(configuration.log.level, options.logStream ?? process.stderr);
	const { queue, provider, transport, tls } = await assembleQueue({ ...options, logger });
	await makeSocketDirectories(listen);
	let started = false;
	let server: QueueServer;
	try {
		server = await serveQueue({
			queue,
			transport,
			listen,
			tls,
			authenticators: [noneAuthenticator({ insecure })],
			isReady: () => started,
			logger,
		});
	} catch (error) {
		await queue.close();
		await provider.close?.();
		throw error;
	}
	queue.on('event', ({ type, time: _time, ...fields }) => logger.info(fields, type));
	logger.info({ endpoints: server.endpoints.map(({ url }) => url), owner }, 'listening');
	const ready = queue.start().then(() => {
		started = true;
	});
	ready.catch((error: unknown) => logStartFailure(logger, error));
	const onClose = (): void => {
		started = false;
	};
	return new RunningService({ queue, server, provider, ready, onClose });
}

interface ServiceParts {
	readonly queue: BuilderQueue;
	readonly server: QueueServer;
	readonly provider: Provider;
	readonly ready: Promise<void>;
	readonly onClose: () => void;
}

class RunningService implements QueueService {
	readonly queue: BuilderQueue;
	readonly ready: Promise<void>;
	readonly #parts: ServiceParts;
	#closing: Promise<void> | undefined;

	constructor(parts: ServiceParts) {
		this.#parts = parts;
		this.queue = parts.queue;
		this.ready = parts.ready;
	}

	get endpoints(): readonly Endpoint[] {
		return this.#parts.server.endpoints;
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #close(): Promise<void> {
		const { queue, server, provider, onClose } = this.#parts;
		onClose();
		try {
			// First, so that clients that are connected hear it from the queue.
			await queue.close();
		} finally {
			await server.close();
			await provider.close?.();
		}
	}
}

function logStartFailure(logger: Logger, error: unknown): void {
	const { code, message } = ContainerBuilderError.from(error);
	if (code !== 'queue-closed') logger.error({ code }, `the queue cannot start: ${message}`);
}
