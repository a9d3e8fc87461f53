import { join } from 'node:path';
import { inBuilderImage } from './busybox.js';
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

/** What `apptainer COMMAND OPTIONS IMAGE` of the builder image says. Throws where it fails. */
export async function apptainerOn(
	image: string,
	command: string,
	...options: readonly string[]
): Promise<string> {
	const words = ['apptainer', '--silent', command, ...options, '/image.sif'];
	return (await inBuilderImage(words, [`${image}:/image.sif`])).toString('utf8');
}
