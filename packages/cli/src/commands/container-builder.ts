import type { CommandMain } from '../invocation.js';
import { containerBuilderCommand } from '../options/container-builder-options.js';
import { buildImage } from './build-image.js';
import { checkDefinition } from './check-definition.js';
import { runCommand } from './run-command.js';

/** `container-builder IMAGE DEFINITION`, with `--check` only the definition, with `--completion` neither. */
export const containerBuilder: CommandMain = (invocation) =>
	runCommand(containerBuilderCommand, invocation, async (context) => {
		const { check, completion } = context.values;
		if (completion !== undefined) {
			const { completionScript } = await import('../completion/completion-script.js');
			invocation.stdout.write(completionScript(completion));
			return 0;
		}
		return await (check ? checkDefinition(context) : buildImage(context));
	});
