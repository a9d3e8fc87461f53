import { join } from 'node:path';
import { root, startProcess } from './command.js';

/** What `apptainer run|exec|inspect …` says of an image, in a sandbox of its own. Throws where it fails. */
export async function apptainer(...args: readonly string[]): Promise<string> {
	const result = await startProcess(join(root, 'scripts/apptainer.sh'), args).ended;
	if (result.status !== 0) {
		throw new Error(
			`apptainer ${args.join(' ')} ended with ${result.status}\n${result.stdout}${result.stderr}`,
		);
	}
	return result.stdout;
}
