import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type AbortOptions, ContainerBuilderError } from '@olcf/container-builder-core';
import type * as z from 'zod';
import { configurationSchema } from './configuration-schema.js';
import { parseYaml } from './parse-yaml.js';
import type { poolSchema } from './pool-schema.js';
import type { PoolConfiguration, QueueConfiguration } from './queue-configuration.js';

/**
 * Reads a configuration file. Rejects with `invalid-configuration`; the message names file, line and column of each
 * mistake, and what would be allowed there.
 */
export async function loadConfiguration(
	path: string,
	options: AbortOptions = {},
): Promise<QueueConfiguration> {
	let text: string;
	try {
		text = await readFile(path, { encoding: 'utf8', signal: options.signal });
	} catch (cause) {
		const { code, message } = ContainerBuilderError.from(cause);
		if (code === 'canceled') throw ContainerBuilderError.from(cause);
		throw new ContainerBuilderError('invalid-configuration', `${path} cannot be read: ${message}`, { cause });
	}
	return parseConfiguration(text, path);
}

/** The same for the text of a file; `path` is for messages, and where relative paths in it start. */
export function parseConfiguration(text: string, path: string): QueueConfiguration {
	return resolved(parseYaml(text, path, configurationSchema), dirname(resolve(path)));
}

function resolved(data: z.output<typeof configurationSchema>, directory: string): QueueConfiguration {
	const at = (path: string): string => resolve(directory, path);
	const { tls, authentication, store, pool, pools, fairness, reconcile, ...others } = data;
	const { shutdown, leases, catalogue, registries, provenance, ...rest } = others;
	return {
		...rest,
		tls: typeof tls === 'object' ? { certificate: at(tls.certificate), key: at(tls.key) } : tls,
		authentication: authentication && {
			...authentication,
			tokens: authentication.tokens && { file: at(authentication.tokens.file) },
		},
		store: typeof store === 'object' ? { directory: at(store.directory) } : store,
		pools: (pools ?? (pool === undefined ? [] : [pool])).map(resolvedPool),
		fairness: { halfLifeMs: fairness.halfLife, patienceMs: fairness.patience },
		reconcileMs: reconcile,
		shutdown: { drainMs: shutdown.drain, whenIdleMs: shutdown.whenIdle },
		leases: { deadlineMs: leases.deadline, idleMs: leases.idle },
		provenance: provenance && { ...provenance, key: provenance.key && at(provenance.key) },
		catalogue: catalogue && {
			...catalogue,
			passwordFile: catalogue.passwordFile && at(catalogue.passwordFile),
			ca: catalogue.ca && at(catalogue.ca),
		},
		registries: registries && { authfile: at(registries.authfile) },
	};
}

function resolvedPool(pool: z.output<typeof poolSchema>): PoolConfiguration {
	const { bootTimeout, createTimeout, lifetime, maxReserveAge, limits, ...rest } = pool;
	return {
		...rest,
		limits: limits && {
			memoryBytes: limits.memory,
			cpus: limits.cpus,
			diskBytes: limits.disk,
			processes: limits.processes,
		},
		maxReserveAgeMs: maxReserveAge,
		bootTimeoutMs: bootTimeout,
		createTimeoutMs: createTimeout,
		lifetimeMs: lifetime,
	};
}
