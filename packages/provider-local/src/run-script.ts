import { abortable, ContainerBuilderError } from '@olcf/container-builder-core';
import { systemEnvironment } from '@olcf/container-builder-core/host';
import { execa } from 'execa';
import { scriptsDirectory } from './scripts-directory.js';

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
		env: systemEnvironment(),
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
