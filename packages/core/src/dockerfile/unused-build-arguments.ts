import { Arg, type Dockerfile } from 'dockerfile-ast';
import type { DefinitionProblem } from '../definition/definition-types.js';
import { didYouMean } from '../definition/did-you-mean.js';
import { warningAt } from '../definition/problem.js';
import { PREDEFINED_ARGUMENTS } from './platform-arguments.js';

/** A warning for each value that no `ARG` takes, as docker and buildah give one. */
export function unusedBuildArguments(
	dockerfile: Dockerfile,
	given: ReadonlyMap<string, string>,
): readonly DefinitionProblem[] {
	const declared = new Set(
		dockerfile
			.getInstructions()
			.filter((instruction) => instruction instanceof Arg)
			.flatMap((instruction) => instruction.getProperties().map((property) => property.getName())),
	);
	return [...given.keys()]
		.filter((name) => !declared.has(name) && !PREDEFINED_ARGUMENTS.has(name))
		.map((name) => {
			const advice = didYouMean(name, declared);
			return warningAt({ line: 1, column: 1 }, `no ARG takes the build argument ${name}${advice}`);
		});
}
