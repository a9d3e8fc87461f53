import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type Authenticator,
	BuilderQueue,
	type BuilderQueueOptions,
	ContainerBuilderError,
	type ImageRepository,
	imageCatalogue,
	type Logger,
	memoryStore,
	type ProvenanceSigner,
	type RegistryLogin,
	type Store,
	type TlsIdentity,
	type Transport,
} from '@olcf/container-builder-core';
import { configuredAuthenticators } from './authentication/configured-authenticators.js';
import { checkExposure } from './check-exposure.js';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import { ConfiguredProviders } from './configured-providers.js';
import { ownSigner } from './own-signer.js';
import { type ProviderFactories, providerEntry } from './provider-factories.js';
import { selfSigned } from './self-signed.js';
import { readSiteLogins } from './site-logins.js';
import { stateDirectory } from './state-directory.js';
import { lmdbStore } from './store/lmdb-store.js';

/** Makes the transports of a service. `insecure` as the configuration says. */
export type TransportFactory = (options: { readonly insecure: boolean }) => readonly Transport[];

/** What a queue is assembled from. */
export interface AssembleOptions {
	readonly configuration: QueueConfiguration;
	readonly providers: ProviderFactories;
	readonly transports: TransportFactory;
	/** @default process.env */
	readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
	readonly logger?: Logger | undefined;
	readonly version?: string | undefined;
	readonly onStep?: BuilderQueueOptions['onStep'];
}

/** The parts of a service before anything runs. */
export interface AssembledQueue {
	readonly queue: BuilderQueue;
	readonly providers: ConfiguredProviders;
	readonly store: Store;
	readonly transport: Transport;
	readonly tls: TlsIdentity | undefined;
	/** In the order in which they are asked. */
	readonly authenticators: readonly Authenticator[];
}

/**
 * Puts a queue together as its configuration says; reads files, but makes, starts and asks nothing. Rejects with
 * `invalid-configuration` or `invalid-option`.
 */
export async function assembleQueue(options: AssembleOptions): Promise<AssembledQueue> {
	const { configuration, logger, version, onStep } = options;
	const { insecure, owner } = configuration;
	await checkProviders(configuration, options.providers);
	const transports = options.transports({ insecure });
	const [tls, catalogue, logins, authenticators] = await Promise.all([
		readTls(configuration, options.environment ?? process.env),
		readCatalogue(configuration),
		checkLogins(configuration),
		configuredAuthenticators(configuration),
	]);
	const providers = new ConfiguredProviders(options.providers);
	const settings = providers.settings(configuration);
	const [provider] = providers.all;
	if (provider === undefined) throw new TypeError('a configuration without a pool');
	const signer = signerOf(configuration, options.environment ?? process.env);
	const store = storeOf(configuration, options.environment ?? process.env);
	const queue = new BuilderQueue({
		...settings,
		...{ provider, transports, owner, store, signer, catalogue, logins, logger, version, onStep },
		reconcileMs: configuration.reconcileMs,
	});
	return { queue, providers, store, transport: transportOf(transports), tls, authenticators };
}

/** Throws where a configuration names a provider that there is not, or lets more people in than it can answer for. */
export async function checkProviders(
	configuration: QueueConfiguration,
	providers: ProviderFactories,
): Promise<void> {
	for (const { provider } of configuration.pools) {
		await checkExposure(configuration, providerEntry(providers, provider.kind));
	}
}

function storeOf(
	{ store, owner }: QueueConfiguration,
	environment: Readonly<Record<string, string | undefined>>,
): Store {
	if (store === 'memory') return memoryStore();
	return lmdbStore({ directory: store?.directory ?? stateDirectory(owner, environment) });
}

/** As the configuration says. */
export function signerOf(
	{ owner, store, provenance }: QueueConfiguration,
	environment: Readonly<Record<string, string | undefined>>,
): ProvenanceSigner {
	const kept = typeof store === 'object' ? join(store.directory, 'provenance.pem') : undefined;
	return ownSigner({ owner, key: provenance?.key ?? kept, builderId: provenance?.builderId }, environment);
}

function transportOf(transports: readonly Transport[]): Transport {
	const found = transports.find(({ schemes }) => schemes.includes('ws:'));
	if (found === undefined) throw new TypeError('a queue service needs a transport for ws:');
	return found;
}

async function readTls(
	{ tls, listen, store, owner }: QueueConfiguration,
	environment: Readonly<Record<string, string | undefined>>,
): Promise<TlsIdentity | undefined> {
	const encrypted = listen.find((url) => url.startsWith('wss:'));
	if (typeof tls === 'object') {
		return { certificate: await readText(tls.certificate), key: await readText(tls.key) };
	}
	if (encrypted === undefined) return undefined;
	if (tls === 'self-signed') {
		const kept = typeof store === 'object' ? store.directory : stateDirectory(owner, environment);
		return await selfSigned(kept);
	}
	throw new ContainerBuilderError('invalid-configuration', `${encrypted} needs a certificate and its key`, {
		hint: 'Name their files under tls: certificate and key. Or let the queue make one: tls: self-signed.',
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
