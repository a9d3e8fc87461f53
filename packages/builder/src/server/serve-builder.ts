import {
	type Backend,
	ContainerBuilderError,
	deferred,
	type Listener,
	type Logger,
	systemClock,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { BaseProvision } from '../bases/base-provision.js';
import { makeBuildDirectory } from '../build/build-directory.js';
import { architectures } from '../emulation/architectures.js';
import { OutputLog } from '../output/output-log.js';
import { VERSION } from '../version.js';
import { BuilderDaemon } from './builder-daemon.js';
import type { BuilderServer, EndReason, ServeBuilderOptions } from './builder-server.js';
import { Enrolment } from './enrolment.js';
import { Lifetime } from './lifetime.js';
import { makeTlsIdentity } from './tls-identity.js';

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What a build that was running is told. */
const END_ERRORS: Readonly<
	Record<EndReason, readonly ['time-limit' | 'lease-lost' | 'builder-lost', string]>
> = {
	closed: ['builder-lost', 'the daemon of the builder was closed'],
	stopped: ['builder-lost', 'the daemon of the builder was stopped'],
	shutdown: ['lease-lost', 'the queue has taken the builder back'],
	'not-enrolled': ['builder-lost', 'nobody has enrolled the builder'],
	deadline: ['time-limit', 'the lease of the builder has reached its deadline'],
	idle: ['lease-lost', 'neither the queue nor the client was connected any more'],
	lifetime: ['time-limit', 'the machine of the builder has reached the end of its lifetime'],
	'listener-lost': ['builder-lost', 'the builder can take no more connections'],
};

/**
 * Serves one builder: listens, enrols with its queue, takes one lease and runs one build, and ends itself at the
 * deadline, or when nobody is there. Resolves when connections are taken.
 *
 * @throws ContainerBuilderError what the transport rejects with where it cannot listen; `canceled`
 */
export async function serveBuilder(options: ServeBuilderOptions): Promise<BuilderServer> {
	const { bootstrap, transport, logger = SILENT, signal } = options;
	throwIfAborted(signal);
	const { builderId } = bootstrap;
	const directory = await makeBuildDirectory(options.directory);
	let output: OutputLog | undefined;
	let listener: Listener;
	try {
		output = await OutputLog.create(directory.output);
		const tls = bootstrap.listen.url.startsWith('wss:') ? await makeTlsIdentity(builderId) : undefined;
		listener = await transport.listen({ url: bootstrap.listen.url, tls, signal });
	} catch (error) {
		await output?.close();
		await directory.remove();
		throw error;
	}

	const environment = options.environment ?? process.env;
	const bases = new BaseProvision({
		fetchCommand: options.fetchCommand,
		environment,
		builderId,
		expectsLogins: bootstrap.logins ?? false,
		logger,
	});
	const ended = deferred<{ readonly reason: EndReason }>();
	let ending = false;
	const end = (reason: EndReason): void => {
		if (ending) return;
		ending = true;
		void finish(reason).then(() => ended.resolve({ reason }));
	};
	const lifetime = new Lifetime(options.clock ?? systemClock, bootstrap, end);
	const onAbort = (): void => end('stopped');
	signal?.addEventListener('abort', onAbort, { once: true });

	const daemon = new BuilderDaemon({
		builderId,
		version: VERSION,
		privilege: bootstrap.privilege,
		architectures: await architectures(),
		backends: await installed(options.backends),
		bounds: {
			contextBytes: options.limits?.contextBytes ?? 64 * 2 ** 30,
			contextEntries: options.limits?.contextEntries ?? 1_000_000,
			outputBytes: options.limits?.outputBytes ?? 2 ** 30,
			imageBytes: options.limits?.imageBytes ?? Number.MAX_SAFE_INTEGER,
		},
		enrolment: new Enrolment({
			builderId,
			secret: bootstrap.secret,
			fingerprint: listener.endpoints[0]?.fingerprint,
		}),
		lifetime,
		directory,
		output,
		bases,
		environment,
		// What was asked for is answered first.
		onEndSoon: (reason) => setImmediate(end, reason),
	});

	async function takeConnections(): Promise<void> {
		try {
			for await (const incoming of listener) {
				daemon.take(incoming).catch((error: unknown) => {
					logger.debug({ error: String(error), channel: incoming.request.channel }, 'a connection was lost');
				});
			}
		} catch (error) {
			logger.error({ error: String(error) }, 'the listener broke');
		}
		end('listener-lost');
	}

	async function finish(reason: EndReason): Promise<void> {
		logger.info({ reason, builderId }, 'the daemon ends');
		signal?.removeEventListener('abort', onAbort);
		lifetime.stop();
		const steps = [
			() => listener.close(),
			() => daemon.end(new ContainerBuilderError(...END_ERRORS[reason])),
			() => bases.close(),
			() => output?.close(),
			() => directory.remove(),
			() => options.onEnd?.(reason),
		];
		for (const step of steps) {
			try {
				await step();
			} catch (error) {
				logger.warn({ error: String(error) }, 'the daemon could not clean up');
			}
		}
	}

	void takeConnections();
	logger.info({ builderId, endpoints: listener.endpoints }, 'the daemon takes connections');
	if (signal?.aborted) end('stopped');
	const close = async (): Promise<void> => {
		end('closed');
		await ended.promise;
	};
	return { endpoints: listener.endpoints, ended: ended.promise, close, [Symbol.asyncDispose]: close };
}

async function installed(
	backends: readonly Backend[],
): Promise<readonly { readonly backend: Backend; readonly version: string }[]> {
	const found = await Promise.all(
		backends.map(async (backend) => ({ backend, version: await backend.version().catch(() => undefined) })),
	);
	return found.flatMap(({ backend, version }) => (version === undefined ? [] : [{ backend, version }]));
}
