import { PRIORITIES } from '../queue/line/line-entry.js';
import { ARCHITECTURES, type BuildInput, ContainerBuilderError } from '../spec/index.js';

/** Checks what needs no file. Throws `invalid-option`. */
export function checkInput(
	buildId: string,
	{ architecture, priority, context }: BuildInput,
	{ contextRoot }: { readonly contextRoot?: string | undefined },
): void {
	if (!/^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/.test(buildId)) {
		throw invalid(
			`${JSON.stringify(buildId)} cannot be the id of a build`,
			'Use 8 to 64 letters, digits and hyphens.',
		);
	}
	if (architecture !== undefined && !ARCHITECTURES.includes(architecture)) {
		throw invalid(
			`there is no architecture ${String(architecture)}`,
			`There are ${ARCHITECTURES.join(', ')}.`,
		);
	}
	if (priority !== undefined && !PRIORITIES.includes(priority)) {
		throw invalid(`there is no priority ${String(priority)}`, `There are ${PRIORITIES.join(', ')}.`);
	}
	if (context !== undefined && contextRoot !== undefined) {
		throw invalid('there are both a context and the root of one that is to be found', 'Give one of the two.');
	}
}

function invalid(message: string, hint: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
