import { Arg, type Dockerfile, From, type Instruction } from 'dockerfile-ast';
import { ArgumentScope } from './argument-scope.js';
import { type ExpandedWord, expandWord, type VariableValue } from './expand-word.js';

/** What one `FROM` begins. */
export interface DockerfileStage {
	readonly index: number;
	/** Of `AS`, variables filled in. */
	readonly name?: string | undefined;
	readonly from: From;
	/** What it is built from, as it is written. */
	readonly image: string;
	readonly base: ExpandedWord;
	/** What follows the `FROM`. */
	readonly instructions: readonly Instruction[];
}

/** A Dockerfile taken apart. */
export interface DockerfileStages {
	readonly stages: readonly DockerfileStage[];
	/** The `ARG`s before the first `FROM`. */
	readonly outer: ArgumentScope;
}

/** Cuts a Dockerfile at each `FROM`, variables in the names of images and stages filled in. */
export function dockerfileStages(
	dockerfile: Dockerfile,
	given: ReadonlyMap<string, string>,
	platform: ReadonlyMap<string, VariableValue>,
): DockerfileStages {
	const outer = new ArgumentScope(given, platform);
	const stages: (DockerfileStage & { readonly instructions: Instruction[] })[] = [];
	for (const instruction of dockerfile.getInstructions()) {
		const current = stages.at(-1);
		if (instruction instanceof From) {
			const image = instruction.getImage() ?? '';
			const name = instruction.getBuildStage();
			stages.push({
				index: stages.length,
				name: name === null ? undefined : (expandWord(name, outer.look).text ?? name),
				from: instruction,
				image,
				base: expandWord(image, outer.look),
				instructions: [],
			});
		} else if (current !== undefined) current.instructions.push(instruction);
		else if (instruction instanceof Arg) outer.declare(instruction);
	}
	return { stages, outer };
}
