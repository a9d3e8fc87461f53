import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

const REMEDY = 'Write the token into it, or take token-file out of your configuration.';

/** The token in a file that nobody else may read. @throws ContainerBuilderError `invalid-configuration` */
export function readTokenFile(path: string): string {
	const refused = (message: string, hint = REMEDY) =>
		new ContainerBuilderError('invalid-configuration', `the token file ${path} ${message}`, { hint });
	let file: number;
	try {
		file = openSync(path, 'r');
	} catch (cause) {
		throw refused(`cannot be read: ${(cause as Error).message}`);
	}
	try {
		if ((fstatSync(file).mode & 0o077) !== 0) throw refused('may be read by others', `chmod 600 ${path}`);
		const token = readFileSync(file, 'utf8').trim();
		if (token === '') throw refused('is empty');
		return token;
	} finally {
		closeSync(file);
	}
}
