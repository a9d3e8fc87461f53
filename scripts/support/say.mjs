/** A mistake of the caller's: told without a stack, exit status 2. */
export class UsageError extends Error {
	status = 2;
}

/** One line of what is being done, on stderr. */
export function say(message) {
	process.stderr.write(`==> ${message}\n`);
}

/** Runs a script's main function; what it throws is told in one piece and decides the exit status. */
export async function main(body) {
	try {
		await body();
	} catch (error) {
		process.stderr.write(
			`error: ${error instanceof UsageError || 'status' in error ? error.message : (error.stack ?? error)}\n`,
		);
		process.exitCode = error.status ?? 1;
	}
}
