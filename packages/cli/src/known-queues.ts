import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ContainerBuilderError, type Endpoint } from '@olcf/container-builder-core/spec';
import { stateHome } from './state-home.js';

/**
 * Where the certificates are kept that somebody has said yes to: a line each, host and port, and the fingerprint. Undefined
 * for who has no home.
 */
export function knownQueuesPath(environment: NodeJS.ProcessEnv): string | undefined {
	const state = stateHome(environment);
	return state && join(state, 'known-queues');
}

/** The endpoint with the certificate that was said yes to, by the last line that names its host; itself where none is needed or known. */
export async function knownEndpoint(endpoint: Endpoint, environment: NodeJS.ProcessEnv): Promise<Endpoint> {
	const path = knownQueuesPath(environment);
	if (path === undefined || endpoint.fingerprint !== undefined || !endpoint.url.startsWith('wss:')) {
		return endpoint;
	}
	const { host } = new URL(endpoint.url);
	const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '';
		throw unusable(path, error);
	});
	const [, fingerprint] =
		text
			.split('\n')
			.map((line) => line.split(' '))
			.findLast(([name, hex]) => name === host && /^[0-9a-f]{64}$/.test(hex ?? '')) ?? [];
	return fingerprint === undefined ? endpoint : { ...endpoint, fingerprint };
}

/** Knows it from now on. */
export async function rememberQueue(path: string, host: string, fingerprint: string): Promise<void> {
	try {
		await mkdir(dirname(path), { recursive: true, mode: 0o700 });
		await appendFile(path, `${host} ${fingerprint}\n`, { mode: 0o600 });
	} catch (error) {
		throw unusable(path, error);
	}
}

function unusable(path: string, cause: unknown): ContainerBuilderError {
	const { message } = ContainerBuilderError.from(cause);
	return new ContainerBuilderError('invalid-configuration', `the known queues cannot be kept: ${message}`, {
		cause,
		hint: `Look at ${path}, or give the fingerprint by --queue-fingerprint.`,
	});
}
