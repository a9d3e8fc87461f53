import { ContainerBuilderError } from '../spec/index.js';

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Throws `invalid-option` where `value` cannot be a name of ours. */
export function checkName(value: string, what: string): void {
	if (NAME.test(value)) return;
	throw new ContainerBuilderError('invalid-option', `${JSON.stringify(value)} cannot be the ${what}`, {
		hint: 'Use lower-case letters, digits and hyphens.',
	});
}
