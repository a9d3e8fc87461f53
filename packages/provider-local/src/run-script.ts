import { abortable, ContainerBuilderError } from '@olcf/container-builder-core';
import { execa } from 'execa';
import { scriptsDirectory } from './scripts-directory.js';

/** The environment of our scripts: nothing but what is named, and a path on which the administrator's programs are. */
export function scriptEnvironment(variables: Readonly<Record<string, string>> = {}): Record<string, string> {
	const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
	const given = (process.env.PATH ?? '').split(':').filter((part) => part.startsWith('/'));
	// Root runs nothing from a user's directory where the system has it too.
	const path = process.getuid?.() === 0 ? [...system, ...given] : [...given, ...system];
	return { PATH: [...new Set(path)].join(':'), LC_ALL: 'C', HOME: process.env.HOME ?? '/', ...variables };
}

/**
 * Runs one of our scripts to its end. It is not interrupted: an abort only stops the waiting.
 * Rejects with `provider-unavailable` and what the script said.
 */
export async function runScript(
	name: string,
	args: readonly string[],
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
	const running = execa('bash', [`${scriptsDirectory}/${name}`, ...args], {
		cwd: '/',
		env: scriptEnvironment(),
		extendEnv: false,
		stdin: 'ignore',
		reject: false,
		// Whoever stops this process by Ctrl-C does not stop it in the middle.
		detached: true,
		cleanup: false,
	});
	const result = await abortable(
		running.then((done) => done),
		options.signal,
	);
	if (result.failed) {
		const said = String(result.stderr).trim().split('\n').slice(-5).join('\n');
		throw new ContainerBuilderError(
			'provider-unavailable',
			said === '' ? `${name} ended with status ${result.exitCode ?? result.signal}` : said,
			{ cause: result.cause },
		);
	}
}
