import { spawn } from 'node:child_process';
import * as z from 'zod';
import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { type AbortOptions, ContainerBuilderError, type RegistryLogin } from '../spec/index.js';

/** How long a helper may take: it may ask its user for a passphrase. */
const DEFAULT_TIMEOUT_MS = 60_000;
/** Most bytes of an answer. */
const MAX_ANSWER_BYTES = 65_536;
/** What the helpers' own library answers, on stdout, with status 1. */
const NOT_FOUND = /credentials not found/i;
/** What Docker calls its own registry when it talks to helpers. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

const answerSchema = z.looseObject({ Username: z.string(), Secret: z.string() });

/** Options of {@link askCredentialHelper}. */
export interface CredentialHelperOptions extends AbortOptions {
	/** Of the helper; its `PATH` is where it is looked for. */
	readonly environment: NodeJS.ProcessEnv;
	/** @default 60000 */
	readonly timeoutMs?: number | undefined;
}

/**
 * Asks `docker-credential-NAME get` for the login to a registry; undefined where it has none. Rejects with
 * `invalid-configuration`; what the helper printed is in no message and no cause, since it may be the secret.
 */
export async function askCredentialHelper(
	name: string,
	registry: string,
	options: CredentialHelperOptions,
): Promise<RegistryLogin | undefined> {
	// Docker's programs and others file the same login under different names.
	for (const server of registry === 'docker.io' ? [DOCKER_HUB, registry] : [registry]) {
		const login = await askFor(name, server, options);
		if (login !== undefined) return { registry, ...login };
	}
	return undefined;
}

async function askFor(
	name: string,
	server: string,
	options: CredentialHelperOptions,
): Promise<Omit<RegistryLogin, 'registry'> | undefined> {
	const { status, stdout } = await run(name, server, options);
	if (status !== 0) {
		if (NOT_FOUND.test(stdout)) return undefined;
		throw failure(name, server, `ended with ${typeof status === 'number' ? `status ${status}` : status}`);
	}
	const { Username: username, Secret: secret } = readAnswer(name, server, stdout);
	if (secret === '') return undefined;
	return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

function readAnswer(name: string, server: string, stdout: string): z.infer<typeof answerSchema> {
	try {
		return answerSchema.parse(JSON.parse(stdout));
	} catch {
		throw failure(name, server, 'did not answer with a login in JSON');
	}
}

async function run(
	name: string,
	server: string,
	{ environment, signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CredentialHelperOptions,
): Promise<{ readonly status: number | string; readonly stdout: string }> {
	throwIfAborted(signal);
	const child = spawn(`docker-credential-${name}`, ['get'], {
		env: environment,
		stdio: ['pipe', 'pipe', 'ignore'],
	});
	return await new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let size = 0;
		const settle = (act: () => void): void => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', onAbort);
			act();
		};
		// A child of the helper's may hold its stdout: not waited for.
		const end = (error: ContainerBuilderError): void =>
			settle(() => {
				child.kill('SIGKILL');
				child.stdout.destroy();
				reject(error);
			});
		const onAbort = (): void => {
			if (signal !== undefined) end(canceledError(signal));
		};
		const timer = setTimeout(() => {
			end(failure(name, server, `did not answer within ${timeoutMs / 1000} s`));
		}, timeoutMs);
		signal?.addEventListener('abort', onAbort, { once: true });
		child.once('error', (error: NodeJS.ErrnoException) => {
			const missing = error.code === 'ENOENT';
			end(failure(name, server, missing ? 'is not to be found on PATH' : `cannot be run: ${error.code}`));
		});
		child.stdout.on('data', (chunk: Buffer) => {
			chunks.push(chunk);
			size += chunk.byteLength;
			if (size > MAX_ANSWER_BYTES) end(failure(name, server, 'answered with more than a login'));
		});
		child.once('close', (code, signalName) => {
			settle(() =>
				resolve({ status: code ?? signalName ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }),
			);
		});
		// It may end without having read.
		child.stdin.on('error', () => {});
		child.stdin.end(server);
	});
}

function failure(name: string, server: string, what: string): ContainerBuilderError {
	return new ContainerBuilderError(
		'invalid-configuration',
		`docker-credential-${name}, asked for the login to ${server}, ${what}`,
		{ hint: `Try it by itself: echo ${server} | docker-credential-${name} get` },
	);
}
