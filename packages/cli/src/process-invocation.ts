import type { CommandMain, Invocation } from './invocation.js';

/** Runs a command as this process. */
export async function runAsProcess(main: CommandMain): Promise<void> {
	for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreGoneReader);
	process.exitCode = await main(processInvocation());
}

function processInvocation(): Invocation {
	return {
		argv: process.argv.slice(2),
		environment: process.env,
		directory: process.cwd(),
		// Opened when somebody is asked, if ever.
		get stdin() {
			return process.stdin;
		},
		stdout: process.stdout,
		stderr: process.stderr,
		signals: process,
		exit: (status) => process.exit(status),
	};
}

/** `… | head` closes the pipe, a hang-up takes the terminal away: the work goes on, or ends by its signal. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
	if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
