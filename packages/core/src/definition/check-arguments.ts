import { ContainerBuilderError } from '../spec/index.js';
import type { ApptainerDefinition } from './definition-types.js';

/** Throws `invalid-option` for values that no `{{ NAME }}` asks for, as apptainer does: most often a misspelt name. */
export function checkArguments(
	definition: ApptainerDefinition,
	values: Readonly<Record<string, string>>,
): void {
	const unused = Object.keys(values).filter((name) => !definition.usedArguments.has(name));
	if (unused.length === 0) return;
	const known = [...definition.usedArguments];
	throw new ContainerBuilderError(
		'invalid-option',
		`the definition does not use the build argument ${unused.join(', ')}`,
		{ hint: known.length === 0 ? 'It has no {{ NAME }}.' : `It uses ${known.join(', ')}.` },
	);
}
