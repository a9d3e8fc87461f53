import { BOOTSTRAP_AGENTS } from './definition-rules.js';
import type { ApptainerDefinition } from './definition-types.js';
import { localFiles } from './local-files.js';
import { parseDefinition } from './parse-definition.js';
import type { ReadRecipeOptions, Recipe } from './recipe-types.js';
import { stageBase } from './stage-base.js';
import { uniqueBases } from './unique-bases.js';
import { unusedArguments } from './unused-arguments.js';

/** What an Apptainer definition says. */
export function definitionRecipe(text: string, options: Pick<ReadRecipeOptions, 'arguments'>): Recipe {
	const { definition, problems } = parseDefinition(text, options);
	const files = localFiles(definition);
	return {
		kind: 'apptainer',
		problems: [...unusedArguments(definition, options.arguments ?? {}), ...problems],
		bases: uniqueBases(definition.stages.flatMap((stage) => stageBase(stage) ?? [])),
		context: files.length === 0 ? { kind: 'none' } : { kind: 'paths', files },
		secretIds: secretsOf(definition),
		// A %post may look whether it is there.
		requiredSecrets: new Map(),
		nativeOnly: nativeOnlyOf(definition),
	};
}

/** `%post` is where they are offered; apptainer adds each `%appinstall` to it. */
function secretsOf({ stages }: ApptainerDefinition): ReadonlySet<string> {
	const bodies = stages
		.flatMap(({ sections }) => sections)
		.filter(({ name }) => name === 'post' || name === 'appinstall')
		.map(({ body }) => body);
	return new Set(
		bodies.flatMap((body) =>
			[...body.matchAll(/\/run\/secrets\/([A-Za-z0-9](?:[\w.-]{0,62}\w)?)/g)].map(([, id = '']) => id),
		),
	);
}

function nativeOnlyOf({ stages }: ApptainerDefinition): Recipe['nativeOnly'] {
	const stage = stages.find(({ bootstrap }) => BOOTSTRAP_AGENTS.get(bootstrap)?.nativeOnly);
	const field = stage?.header.get('bootstrap');
	return field === undefined ? undefined : { agent: field.value, position: field.valuePosition };
}
