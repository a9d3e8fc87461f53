import { type Dockerfile, DockerfileParser } from 'dockerfile-ast';
import type { DefinitionProblem } from '../definition/definition-types.js';
import { errorAt } from '../definition/problem.js';
import type { ReadRecipeOptions, Recipe } from '../definition/recipe-types.js';
import { uniqueBases } from '../definition/unique-bases.js';
import { checkDockerfile } from './check-dockerfile.js';
import { dockerfileStages } from './dockerfile-stages.js';
import { findStage, otherStages } from './find-stage.js';
import { platformArguments } from './platform-arguments.js';
import { positionOf } from './position-of.js';
import { StageWalk } from './stage-walk.js';
import { unusedBuildArguments } from './unused-build-arguments.js';

/** What a Dockerfile says. */
export function dockerfileRecipe(text: string, options: Omit<ReadRecipeOptions, 'kind'>): Recipe {
	const nothing = {
		kind: 'dockerfile',
		bases: [],
		context: { kind: 'none' },
		secretIds: new Set<string>(),
		requiredSecrets: new Map(),
	} as const;
	let dockerfile: Dockerfile;
	let problems: readonly DefinitionProblem[];
	try {
		dockerfile = DockerfileParser.parse(text);
		problems = checkDockerfile(text, dockerfile);
	} catch (error) {
		const message = `the Dockerfile cannot be read: ${error instanceof Error ? error.message : String(error)}`;
		return { ...nothing, problems: [errorAt({ line: 1, column: 1 }, message)] };
	}
	const given = new Map(Object.entries(options.arguments ?? {}));
	const platform = platformArguments(options.architecture);
	const { stages, outer } = dockerfileStages(dockerfile, given, platform);
	const unused = unusedBuildArguments(dockerfile, given);
	const target = options.target === undefined ? stages.at(-1) : findStage(stages, options.target);
	if (target === undefined) {
		const first = stages[0];
		const missing =
			first === undefined
				? []
				: [
						errorAt(
							positionOf(first.from.getRange().start),
							`there is no stage ${options.target} to build: ${otherStages(stages, options.target ?? '')}`,
						),
					];
		return { ...nothing, problems: inOrder([...unused, ...missing, ...problems]) };
	}
	const walk = new StageWalk(stages, outer, given, platform);
	walk.visit(target);
	return {
		kind: 'dockerfile',
		problems: inOrder([...unused, ...problems, ...walk.problems]),
		bases: uniqueBases(walk.bases),
		context: walk.usesContext ? { kind: 'directory', copied: walk.copied } : { kind: 'none' },
		secretIds: walk.secretIds,
		requiredSecrets: walk.requiredSecrets,
	};
}

function inOrder(problems: readonly DefinitionProblem[]): readonly DefinitionProblem[] {
	return [...problems].sort(
		(a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
	);
}
