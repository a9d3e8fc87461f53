import {
	type BuilderQueue,
	type BuilderQueueOptions,
	ContainerBuilderError,
	type Endpoint,
	type Logger,
	type QueueEndReason,
	type Store,
} from '@olcf/container-builder-core';
import { assembleQueue, checkProviders, type TransportFactory } from './assemble-queue.js';
import { makeSocketDirectories } from './check-exposure.js';
import { checkReload } from './check-reload.js';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import type { ConfiguredProviders } from './configured-providers.js';
import { openFiles } from './open-files.js';
import type { ProviderFactories } from './provider-factories.js';
import { type QueueServer, serveQueue } from './serve-queue.js';
import { type ServiceLogger, serviceLogger } from './service-logger.js';
import { untilIdle } from './until-idle.js';

const DRAIN_MS = 600_000;
/** Who waits for so long stands by. */
const STANDBY_NOTE_MS = 1_000;

/** Options of {@link queueService}. */
export interface QueueServiceOptions {
	readonly configuration: QueueConfiguration;
	readonly providers: ProviderFactories;
	readonly transports: TransportFactory;
	/** Tells where state is kept by default. @default process.env */
	readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
	/** Where log lines go. @default process.stderr */
	readonly logStream?: { write(text: string): unknown } | undefined;
	/** What `status` tells. */
	readonly version?: string | undefined;
	/** Takes back the wait for another process of the same owner to end. */
	readonly signal?: AbortSignal | undefined;
	/** As in `BuilderQueueOptions`. */
	readonly onStep?: BuilderQueueOptions['onStep'];
}

/** A queue that runs and listens. */
export interface QueueService extends AsyncDisposable {
	readonly queue: BuilderQueue;
	/** Where it writes what it does. */
	readonly logger: Logger;
	readonly endpoints: readonly Endpoint[];
	/** Resolves when the queue has looked at what was there before; rejects with what time does not mend. */
	readonly ready: Promise<void>;
	/** Resolves when the queue has ended, with why. */
	readonly ended: Promise<QueueEndReason>;
	/** Resolves when nobody has waited or built for as long as the configuration says, if it does. */
	readonly idle: Promise<void>;
	/**
	 * Takes another configuration over; no lease is dropped. Rejects with `invalid-configuration` where it cannot be,
	 * and goes on as before then.
	 */
	reload(configuration: QueueConfiguration): Promise<void>;
	/** Takes nothing new, lets builds that run end, for as long as the configuration says, then closes. */
	drain(): Promise<void>;
	/** Stops, and leaves builders and builds to the next process of this owner. */
	handOver(): Promise<void>;
	/** Takes nothing new, ends all leases, destroys all builders, then stops to listen. Idempotent. */
	close(): Promise<void>;
}

/** Of the connections that this process can hold, what one user may have: the others get in beside anybody. */
const USERS_SHARE = 0.5;

/**
 * Runs a queue by its configuration: provider, store, catalogue, logs, listeners. Waits while another process is this
 * owner's queue. Resolves when it listens; `ready` tells of the rest. Rejects with `invalid-configuration` or
 * `invalid-option`.
 */
export async function queueService(options: QueueServiceOptions): Promise<QueueService> {
	const { configuration, signal } = options;
	const { listen, owner } = configuration;
	const logger = serviceLogger(configuration.log.level, options.logStream ?? process.stderr);
	const { queue, providers, store, transport, tls, authenticators } = await assembleQueue({
		...options,
		logger,
	});
	queue.on('event', ({ type, time: _time, ...fields }) => logger.info(fields, type));
	const files = await openFiles();
	logger.info({ openFiles: files }, 'one descriptor serves one client or one builder');
	await makeSocketDirectories(listen);
	let started = false;
	let server: QueueServer;
	try {
		await acquire(queue, logger, owner, signal);
		server = await serveQueue({
			queue,
			transport,
			listen,
			tls,
			authenticators,
			relay: configuration.relay,
			connectionsPerUser: files && Math.max(1, Math.floor(files.connections * USERS_SHARE)),
			isReady: () => started,
			logger,
		});
	} catch (error) {
		await queue.handOver();
		await providers.close();
		await store.close?.();
		throw error;
	}
	const fingerprint = server.endpoints.find((endpoint) => endpoint.fingerprint !== undefined)?.fingerprint;
	logger.info({ endpoints: server.endpoints.map(({ url }) => url), fingerprint, owner }, 'listening');
	const ready = queue.start().then(() => {
		started = true;
	});
	ready.catch((error: unknown) => logStartFailure(logger, error));
	void queue.ended.then((reason) => {
		started = false;
		// Nobody is to hear from this process what only the other one knows.
		if (reason === 'replaced') server.cut();
	});
	return new RunningService({ options, logger, queue, server, providers, store, ready });
}

interface ServiceParts {
	readonly options: QueueServiceOptions;
	readonly logger: ServiceLogger;
	readonly queue: BuilderQueue;
	readonly server: QueueServer;
	readonly providers: ConfiguredProviders;
	readonly store: Store;
	readonly ready: Promise<void>;
}

class RunningService implements QueueService {
	readonly queue: BuilderQueue;
	readonly ready: Promise<void>;
	readonly idle: Promise<void>;
	readonly #parts: ServiceParts;
	#configuration: QueueConfiguration;
	#closing: Promise<void> | undefined;

	constructor(parts: ServiceParts) {
		this.#parts = parts;
		this.#configuration = parts.options.configuration;
		this.queue = parts.queue;
		this.ready = parts.ready;
		const { whenIdleMs } = this.#configuration.shutdown;
		this.idle = whenIdleMs === undefined ? new Promise(() => {}) : untilIdle(parts.queue, whenIdleMs);
	}

	get logger(): Logger {
		return this.#parts.logger;
	}

	get endpoints(): readonly Endpoint[] {
		return this.#parts.server.endpoints;
	}

	get ended(): Promise<QueueEndReason> {
		return this.queue.ended;
	}

	async reload(configuration: QueueConfiguration): Promise<void> {
		const { options, providers, logger, queue } = this.#parts;
		checkReload(this.#configuration, configuration);
		await checkProviders(configuration, options.providers);
		queue.configure(providers.settings(configuration));
		logger.level = configuration.log.level;
		this.#configuration = configuration;
	}

	drain(): Promise<void> {
		const timeoutMs = this.#configuration.shutdown.drainMs ?? DRAIN_MS;
		return this.queue.drain({ timeoutMs }).finally(() => this.close());
	}

	async handOver(): Promise<void> {
		this.#closing ??= this.#end(() => {
			const handed = this.queue.handOver();
			// Nobody is to hear from this process what only the next one knows.
			this.#parts.server.cut();
			return handed;
		});
		await this.#closing;
	}

	close(): Promise<void> {
		this.#closing ??= this.#end(() => this.queue.close());
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #end(endQueue: () => Promise<void>): Promise<void> {
		const { server, providers, store } = this.#parts;
		try {
			// First, so that clients that are connected hear it from the queue.
			await endQueue();
		} finally {
			await server.close();
			await providers.close();
			await store.close?.();
		}
	}
}

async function acquire(
	queue: BuilderQueue,
	logger: Logger,
	owner: string,
	signal: AbortSignal | undefined,
): Promise<void> {
	const note = setTimeout(
		() => logger.warn({ owner }, 'stands by: another process is the queue of this owner'),
		STANDBY_NOTE_MS,
	);
	try {
		await queue.acquire({ signal });
	} finally {
		clearTimeout(note);
	}
}

function logStartFailure(logger: Logger, error: unknown): void {
	const { code, message } = ContainerBuilderError.from(error);
	if (code !== 'queue-closed') logger.error({ code }, `the queue cannot start: ${message}`);
}
