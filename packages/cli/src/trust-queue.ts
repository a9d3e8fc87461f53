import { createInterface } from 'node:readline/promises';
import { ContainerBuilderError, type Endpoint, type Transport } from '@olcf/container-builder-core/spec';
import type { Invocation } from './invocation.js';
import { knownEndpoint, knownQueuesPath, rememberQueue } from './known-queues.js';

const PROBE_LIMIT_MS = 10_000;

/**
 * The endpoint with the certificate that is to be trusted there: what was said on the command line or in the configuration,
 * else what somebody has said yes to before, else what an authority of this machine has signed. Whose certificate is none
 * of these is asked about once, where somebody sits at the terminal (trust on first use, as ssh does); a certificate that
 * has changed is never asked about. Rejects with `fingerprint-mismatch` for a no.
 */
export async function trustQueue(
	endpoint: Endpoint,
	invocation: Pick<Invocation, 'environment' | 'stdin' | 'stderr'>,
	transport: Pick<Transport, 'connect'>,
): Promise<Endpoint> {
	const { environment, stdin, stderr } = invocation;
	const known = await knownEndpoint(endpoint, environment);
	const path = knownQueuesPath(environment);
	if (known.fingerprint !== undefined || !known.url.startsWith('wss:') || path === undefined) return known;
	if (stdin?.isTTY !== true || stderr.isTTY !== true) return endpoint;
	const found = await unsignedCertificate(endpoint, transport);
	if (found === undefined) return endpoint;
	const { host } = new URL(endpoint.url);
	stderr.write(
		`The queue at ${host} shows a certificate that no authority of this machine has signed.\n` +
			`Its SHA-256 fingerprint is ${inPairs(found)}.\n` +
			'Those who run the queue can tell you whether that is right.\n',
	);
	const questions = createInterface({ input: stdin, output: stderr });
	try {
		const answer = await questions.question('Trust it from now on? Type yes or no: ');
		if (answer.trim().toLowerCase() !== 'yes') {
			throw new ContainerBuilderError('fingerprint-mismatch', `the certificate of ${host} is not trusted`, {
				hint: 'Give its fingerprint by --queue-fingerprint when you know it.',
			});
		}
	} finally {
		questions.close();
	}
	await rememberQueue(path, host, found);
	return { ...endpoint, fingerprint: found };
}

/** The fingerprint of a certificate that is not trusted; undefined for all else that can come of a connection. */
async function unsignedCertificate(
	endpoint: Endpoint,
	transport: Pick<Transport, 'connect'>,
): Promise<string | undefined> {
	// Loaded when it is needed: it is much, and most have their answer before.
	const { PROTOCOL_VERSION } = await import('@olcf/container-builder-core/protocol');
	try {
		// Without credentials: before somebody has said yes, nobody gets any.
		const channel = await transport.connect(
			endpoint,
			{ channel: 'queue', version: PROTOCOL_VERSION },
			{ timeoutMs: PROBE_LIMIT_MS },
		);
		channel.abort('only looked at');
		return undefined;
	} catch (caught) {
		const { code, details } = ContainerBuilderError.from(caught);
		const { found } = details ?? {};
		return code === 'fingerprint-mismatch' && typeof found === 'string' ? found : undefined;
	}
}

function inPairs(fingerprint: string): string {
	return (fingerprint.match(/../g) ?? []).join(':').toUpperCase();
}
