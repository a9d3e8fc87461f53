import { ContainerBuilderError } from '@olcf/container-builder-core';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import type { QueueService } from './queue-service.js';

/** Where signals come from: the process, or a test. */
export interface SignalSource {
	on(signal: NodeJS.Signals, listener: () => void): unknown;
	off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** What a service is run with. */
export interface RunOptions {
	readonly signals: SignalSource;
	readonly onImpatience: () => void;
	/** Reads the configuration again. */
	readonly load: () => Promise<QueueConfiguration>;
	/** Starts the service; aborting takes that back. */
	readonly start: (signal: AbortSignal) => Promise<QueueService>;
}

/**
 * Runs a service until a signal or its idleness ends it: SIGTERM drains, SIGTERM again or SIGINT closes, SIGUSR2 hands
 * over, SIGHUP reloads. Rejects where it cannot start, cannot end, or another process has become the queue.
 */
export async function runUntilSignal(options: RunOptions): Promise<void> {
	const { signals, onImpatience, start } = options;
	const stop = new AbortController();
	let service: QueueService | undefined;
	let ending: Promise<void> | undefined;
	let closing = false;
	/** How it is to end where it has not started yet. */
	const end = (how: 'drain' | 'close' | 'handOver'): void => {
		if (closing) {
			onImpatience();
			return;
		}
		closing = how !== 'drain';
		stop.abort();
		if (service === undefined) return;
		const running = service[how]();
		// The last word counts: a drain that is cut short ends well.
		ending = running;
		running.catch(() => {});
	};
	const listeners = {
		SIGTERM: () => end(ending === undefined ? 'drain' : 'close'),
		SIGINT: () => end('close'),
		SIGUSR2: () => end('handOver'),
		SIGHUP: () => void reload(service, options.load),
	} as const;
	const names = Object.keys(listeners) as (keyof typeof listeners)[];
	for (const name of names) signals.on(name, listeners[name]);
	try {
		service = await start(stop.signal);
		const { logger, idle } = service;
		void idle.then(() => {
			if (stop.signal.aborted) return;
			logger.info({}, 'ends: nobody has waited or built for as long as it was to wait');
			end('close');
		});
		if (stop.signal.aborted) await service.close();
		else await untilEnd(service, stop.signal);
		await ending;
	} catch (error) {
		if (stop.signal.aborted && service === undefined) return;
		await service?.close().catch(() => {});
		throw error;
	} finally {
		for (const name of names) signals.off(name, listeners[name]);
	}
}

/** Resolves when it is told to end; rejects where it cannot start, or ends by itself. */
function untilEnd(service: QueueService, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		signal.addEventListener('abort', () => resolve(), { once: true });
		service.ready.catch((error: unknown) => (signal.aborted ? resolve() : reject(error)));
		void service.ended.then((reason) => {
			if (reason !== 'replaced') return;
			const message = 'another process has become the queue of this owner: this one stood still for too long';
			reject(new ContainerBuilderError('store-conflict', message));
		});
	});
}

/** Never rejects: a configuration that cannot be is told of, and the queue goes on as before. */
async function reload(service: QueueService | undefined, load: RunOptions['load']): Promise<void> {
	if (service === undefined) return;
	try {
		await service.reload(await load());
		service.logger.info({}, 'the configuration was read again');
	} catch (error) {
		const { code, message, hint } = ContainerBuilderError.from(error);
		service.logger.error({ code, hint }, `the configuration stays as it was: ${message}`);
	}
}
