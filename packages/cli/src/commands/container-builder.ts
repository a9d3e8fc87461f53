import type { CommandMain } from '../invocation.js';
import { containerBuilderCommand } from '../options/container-builder-options.js';
import { buildImage } from './build-image.js';
import { runCommand } from './run-command.js';

/** `container-builder IMAGE DEFINITION`. */
export const containerBuilder: CommandMain = (invocation) =>
	runCommand(containerBuilderCommand, invocation, buildImage);
