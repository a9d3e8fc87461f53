import { readFile } from 'node:fs/promises';
import {
	BuilderQueue,
	ContainerBuilderError,
	type ImageRepository,
	imageCatalogue,
	type Logger,
	type Provider,
	type RegistryLogin,
	type TlsIdentity,
	type Transport,
} from '@olcf/container-builder-core';
import { checkExposure } from './check-exposure.js';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import { type ProviderFactories, providerEntry } from './provider-factories.js';
import { readSiteLogins } from './site-logins.js';

/** Makes the transports of a service. `insecure` as the configuration says. */
export type TransportFactory = (options: { readonly insecure: boolean }) => readonly Transport[];

/** What a queue is assembled from. */
export interface AssembleOptions {
	readonly configuration: QueueConfiguration;
	readonly providers: ProviderFactories;
	readonly transports: TransportFactory;
	readonly logger?: Logger | undefined;
	readonly version?: string | undefined;
}

/** The parts of a service before anything runs. */
export interface AssembledQueue {
	readonly queue: BuilderQueue;
	readonly provider: Provider;
	readonly transport: Transport;
	readonly tls: TlsIdentity | undefined;
}

/**
 * Puts a queue together as its configuration says; reads files, but makes, starts and asks nothing. Rejects with
 * `invalid-configuration` or `invalid-option`.
 */
export async function assembleQueue(options: AssembleOptions): Promise<AssembledQueue> {
	const { configuration, logger, version } = options;
	const { insecure, owner, pool, leases } = configuration;
	const { kind, ...providerOptions } = pool.provider;
	const entry = providerEntry(options.providers, kind);
	await checkExposure(configuration, entry);
	const transports = options.transports({ insecure });
	const [tls, catalogue, logins] = await Promise.all([
		readTls(configuration),
		readCatalogue(configuration),
		checkLogins(configuration),
	]);
	const provider = makeProvider(kind, () => entry.create(providerOptions));
	const queue = new BuilderQueue({
		provider,
		transports,
		owner,
		pool,
		bootTimeoutMs: pool.bootTimeoutMs,
		createTimeoutMs: pool.createTimeoutMs,
		lifetimeMs: pool.lifetimeMs,
		createConcurrency: pool.createConcurrency,
		deadlineMs: leases.deadlineMs,
		idleMs: leases.idleMs,
		catalogue,
		logins,
		logger,
		version,
	});
	return { queue, provider, transport: transportOf(transports), tls };
}

/** A factory's own complaint about its options is the configuration's mistake. */
function makeProvider(kind: string, create: () => Provider): Provider {
	try {
		return create();
	} catch (cause) {
		if (!(cause instanceof TypeError)) throw cause;
		throw new ContainerBuilderError('invalid-configuration', `pool.provider: ${cause.message}`, {
			cause,
			hint: `See the options of the provider ${kind}.`,
		});
	}
}

function transportOf(transports: readonly Transport[]): Transport {
	const found = transports.find(({ schemes }) => schemes.includes('ws:'));
	if (found === undefined) throw new TypeError('a queue service needs a transport for ws:');
	return found;
}

async function readTls({ tls, listen }: QueueConfiguration): Promise<TlsIdentity | undefined> {
	if (tls !== undefined)
		return { certificate: await readText(tls.certificate), key: await readText(tls.key) };
	const encrypted = listen.find((url) => url.startsWith('wss:'));
	if (encrypted === undefined) return undefined;
	throw new ContainerBuilderError('invalid-configuration', `${encrypted} needs a certificate and its key`, {
		hint: 'Name their files under tls: certificate and key.',
	});
}

async function readCatalogue({
	catalogue,
}: QueueConfiguration): Promise<(() => Promise<readonly ImageRepository[]>) | undefined> {
	if (catalogue === undefined) return undefined;
	const { registry, repositories, username, passwordFile, insecure } = catalogue;
	if ((username === undefined) !== (passwordFile === undefined)) {
		throw new ContainerBuilderError(
			'invalid-configuration',
			'catalogue: username and passwordFile go together',
		);
	}
	const credentials =
		username === undefined || passwordFile === undefined
			? undefined
			: { username, password: (await readText(passwordFile)).trimEnd() };
	const ca = catalogue.ca === undefined ? undefined : await readText(catalogue.ca);
	return imageCatalogue({ registry, repositories, credentials, ca, insecure });
}

/** The file is read again for each lease: logins change, and a queue runs for months. */
async function checkLogins({
	registries,
}: QueueConfiguration): Promise<(() => Promise<readonly RegistryLogin[]>) | undefined> {
	if (registries === undefined) return undefined;
	const read = (): Promise<readonly RegistryLogin[]> => readSiteLogins(registries.authfile);
	await read();
	return read;
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		const { message } = ContainerBuilderError.from(cause);
		throw new ContainerBuilderError('invalid-configuration', `${path} cannot be read: ${message}`, { cause });
	}
}
