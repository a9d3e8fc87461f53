import * as z from 'zod';
import { type AbortOptions, ContainerBuilderError, type ImageRepository } from '../spec/index.js';
import { forEachLimited } from './for-each-limited.js';
import { RegistryClient, type RegistryCredentials } from './registry-client.js';

/** Options of {@link imageCatalogue}. */
export interface ImageCatalogueOptions {
	/** `https://registry.example.org`; `http:` on loopback, or with `insecure`. */
	readonly registry: string;
	/** What to list, in this order. @default all that the registry's catalogue has */
	readonly repositories?: readonly string[] | undefined;
	readonly credentials?: RegistryCredentials | undefined;
	/** Certificates to trust beside the usual ones, PEM. */
	readonly ca?: string | undefined;
	/** Allows `http:` to other machines. @default false */
	readonly insecure?: boolean | undefined;
}

const CONCURRENCY = 4;
/** A registry that leads on and on is not believed. */
const MOST_PAGES = 1_000;
const PAGE_SIZE = 100;
const catalogSchema = z.object({ repositories: z.array(z.string()).nullable() });
const tagsSchema = z.object({ tags: z.array(z.string()).nullable() });

/**
 * What a registry offers, asked anew at each call, over the OCI distribution API. Throws `invalid-option` for a URL
 * that cannot be; the function rejects with `provider-unavailable`, `forbidden`, `not-found` or `protocol`.
 */
export function imageCatalogue(
	options: ImageCatalogueOptions,
): (options?: AbortOptions) => Promise<ImageRepository[]> {
	const registry = registryUrl(options);
	return async ({ signal } = {}) => {
		const client = new RegistryClient({ ...options, registry });
		try {
			const names = options.repositories ?? (await allRepositories(client, signal));
			const found: ImageRepository[] = [];
			await forEachLimited(names, CONCURRENCY, async (repository, index) => {
				found[index] = { repository, tags: await tagsOf(client, repository, signal) };
			});
			return found;
		} finally {
			client.close();
		}
	};
}

async function allRepositories(client: RegistryClient, signal: AbortSignal | undefined): Promise<string[]> {
	const pages = pagesOf(client, `/v2/_catalog?n=${PAGE_SIZE}`, 'registry:catalog:*', catalogSchema, signal);
	const names: string[] = [];
	for await (const { repositories } of pages) names.push(...(repositories ?? []));
	return names;
}

async function tagsOf(
	client: RegistryClient,
	repository: string,
	signal: AbortSignal | undefined,
): Promise<string[]> {
	const path = repository.split('/').map(encodeURIComponent).join('/');
	const scope = `repository:${repository}:pull`;
	const names: string[] = [];
	for await (const { tags } of pagesOf(
		client,
		`/v2/${path}/tags/list?n=${PAGE_SIZE}`,
		scope,
		tagsSchema,
		signal,
	)) {
		names.push(...(tags ?? []));
	}
	// The specification wants them in order; not all registries do it.
	return names.sort();
}

async function* pagesOf<S extends z.ZodType>(
	client: RegistryClient,
	first: string,
	scope: string,
	schema: S,
	signal: AbortSignal | undefined,
): AsyncIterable<z.output<S>> {
	let path: string | undefined = first;
	for (let page = 0; path !== undefined; page++) {
		if (page >= MOST_PAGES)
			throw new ContainerBuilderError('protocol', `the registry has no end of ${first}`);
		const { body, next }: { body: unknown; next?: string | undefined } = await client.get(path, scope, {
			signal,
		});
		const parsed = schema.safeParse(body);
		if (!parsed.success) {
			throw new ContainerBuilderError('protocol', `the registry's answer to ${path} is not as it should be`, {
				cause: parsed.error,
			});
		}
		yield parsed.data;
		path = next;
	}
}

function registryUrl({ registry, insecure = false }: ImageCatalogueOptions): URL {
	const invalid = (message: string, hint: string): never => {
		throw new ContainerBuilderError('invalid-option', message, { hint });
	};
	if (!URL.canParse(registry)) {
		return invalid(
			`${JSON.stringify(registry)} is not the URL of a registry`,
			'Give https://host or https://host:port.',
		);
	}
	const url = new URL(registry);
	if (url.protocol !== 'https:' && url.protocol !== 'http:') {
		invalid(
			`a registry is asked over https:, not ${url.protocol}`,
			'Give https://host or https://host:port.',
		);
	}
	if (url.username !== '' || url.password !== '') {
		invalid('the URL of a registry holds no credentials', 'Give them as credentials.');
	}
	const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
	if (url.protocol === 'http:' && !loopback && !insecure) {
		invalid(`the registry ${url.host} would be asked unencrypted`, 'Use https:, or allow it with insecure.');
	}
	return url;
}
