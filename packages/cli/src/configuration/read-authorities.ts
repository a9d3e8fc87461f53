import { readFileSync } from 'node:fs';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { describeFileError } from '../commands/describe-file-error.js';

/** The certificates in a file, PEM; undefined where none is named. Throws `invalid-option`. */
export function readAuthorities(path: string | undefined): string | undefined {
	if (path === undefined) return undefined;
	let text: string;
	try {
		text = readFileSync(path, 'utf8');
	} catch (cause) {
		const why = describeFileError(cause as NodeJS.ErrnoException);
		throw new ContainerBuilderError('invalid-option', `the authorities of the queue: ${path} ${why}`, {
			cause,
		});
	}
	if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
	throw new ContainerBuilderError('invalid-option', `there is no certificate in ${path}`, {
		hint: 'It must hold those of the authorities in PEM: -----BEGIN CERTIFICATE-----',
	});
}
