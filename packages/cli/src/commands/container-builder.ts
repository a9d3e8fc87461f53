import type { CommandMain } from '../invocation.js';
import { containerBuilderCommand } from '../options/container-builder-options.js';
import { buildImage } from './build-image.js';
import { checkDefinition } from './check-definition.js';
import { runCommand } from './run-command.js';

/** `container-builder IMAGE DEFINITION` and `container-builder --check DEFINITION`. */
export const containerBuilder: CommandMain = (invocation) =>
	runCommand(containerBuilderCommand, invocation, (context) =>
		context.values.check === true ? checkDefinition(context) : buildImage(context),
	);
