import type { ApptainerDefinition, DefinitionProblem } from './definition-types.js';
import { didYouMean } from './did-you-mean.js';
import { errorAt } from './problem.js';

/** An error for each value that no `{{ NAME }}` asks for, which apptainer refuses too: most often a misspelt name. */
export function unusedArguments(
	definition: ApptainerDefinition,
	values: Readonly<Record<string, string>>,
): readonly DefinitionProblem[] {
	const used = [...definition.usedArguments];
	return Object.keys(values)
		.filter((name) => !definition.usedArguments.has(name))
		.map((name) => {
			const known = used.length === 0 ? 'it has no {{ NAME }}' : `it uses ${used.join(', ')}`;
			const advice = didYouMean(name, used) || `: ${known}`;
			return errorAt(
				{ line: 1, column: 1 },
				`the definition does not use the build argument ${name}${advice}`,
			);
		});
}
