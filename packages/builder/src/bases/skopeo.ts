import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { type Architecture, canceledError } from '@olcf/container-builder-core';
import * as z from 'zod';

const PROGRAM = 'skopeo';
const MAX_MANIFEST_BYTES = 8 * 2 ** 20;

/** How a call of skopeo goes to its registry. */
export interface SkopeoCall {
	/** Of a registry on this machine. */
	readonly plainHttp: boolean;
	/** Absent: without any login, whatever files there are. */
	readonly authFile?: string | undefined;
	/** @default no limit */
	readonly timeoutMs?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** skopeo has ended with an error, or it is not there. What it said is its last line. */
export class SkopeoError extends Error {
	readonly missing: boolean;

	constructor(message: string, missing: boolean) {
		super(message);
		this.missing = missing;
	}
}

/** The program that speaks with registries, in the environment that is given. Its errors are {@link SkopeoError}s. */
export class Skopeo {
	readonly #environment: NodeJS.ProcessEnv;

	constructor(environment: NodeJS.ProcessEnv) {
		this.#environment = environment;
	}

	/** The bytes of a manifest as the registry has it. */
	async manifest(source: string, call: SkopeoCall): Promise<Buffer> {
		const words = ['inspect', '--raw', ...credentials(call)];
		if (call.plainHttp) words.push('--tls-verify=false');
		return await this.#run([...words, source], call);
	}

	/** The architecture that an image says it is of, by OCI's name; of a list, the image for `architecture` in it. */
	async architectureOf(source: string, architecture: Architecture, call: SkopeoCall): Promise<string> {
		const words = [...platformOf(architecture), 'inspect', '--config', ...credentials(call)];
		if (call.plainHttp) words.push('--tls-verify=false');
		const config: unknown = JSON.parse((await this.#run([...words, source], call)).toString());
		const { data } = z.object({ architecture: z.string() }).safeParse(config);
		return data?.architecture ?? '';
	}

	/** Copies the image for one architecture into a new directory, every byte as it is in the registry. */
	async copy(source: string, directory: string, architecture: Architecture, call: SkopeoCall): Promise<void> {
		const words = platformOf(architecture);
		if (!(await exists('/etc/containers/policy.json'))) words.push('--insecure-policy');
		words.push('copy', '--quiet', '--preserve-digests');
		words.push(...credentials(call).map((word) => word.replace(/^--/, '--src-')));
		if (call.plainHttp) words.push('--src-tls-verify=false');
		await this.#run([...words, source, `dir:${directory}`], call);
	}

	#run(words: readonly string[], { timeoutMs, signal }: SkopeoCall): Promise<Buffer> {
		return new Promise((resolve, reject) => {
			execFile(
				PROGRAM,
				words,
				{
					env: this.#environment,
					encoding: 'buffer',
					maxBuffer: MAX_MANIFEST_BYTES,
					timeout: timeoutMs ?? 0,
					killSignal: 'SIGKILL',
					signal,
				},
				(error, stdout, stderr) => {
					if (error === null) resolve(stdout);
					else if (signal?.aborted) reject(canceledError(signal));
					else if (error.code === 'ENOENT') reject(new SkopeoError('skopeo is not installed', true));
					else if (error.killed) reject(new SkopeoError('the registry did not answer in time', false));
					else reject(new SkopeoError(lastMessage(stderr.toString()) || error.message, false));
				},
			);
		});
	}
}

function platformOf(architecture: Architecture): string[] {
	return ['--override-os', 'linux', '--override-arch', architecture];
}

/** A login in `--authfile`, which nobody sees; on the command line everybody would. */
function credentials({ authFile }: SkopeoCall): string[] {
	return authFile === undefined ? ['--no-creds'] : ['--authfile', authFile];
}

/** `time="…" level=fatal msg="…"` */
function lastMessage(text: string): string {
	const line = text.trim().split('\n').at(-1) ?? '';
	const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
	if (quoted === undefined) return line;
	try {
		return String(JSON.parse(quoted));
	} catch {
		return quoted;
	}
}

async function exists(path: string): Promise<boolean> {
	return await access(path).then(
		() => true,
		() => false,
	);
}
