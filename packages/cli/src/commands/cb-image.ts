import type { CommandMain } from '../invocation.js';
import { cbImageListCommand, cbImageMakeCommand, cbImagePathCommand } from '../options/cb-image-options.js';
import { listBuilderImage } from './list-builder-image.js';
import { makeImage } from './make-image.js';
import { runCommand } from './run-command.js';
import { runSubcommand } from './run-subcommand.js';

/** `cb-image make`, `list` and `path`. */
export const cbImage: CommandMain = (invocation) =>
	runSubcommand('cb-image', 'Makes and shows builder images.', invocation, [
		[cbImageMakeCommand, (rest) => runCommand(cbImageMakeCommand, rest, makeImage)],
		[cbImageListCommand, (rest) => runCommand(cbImageListCommand, rest, listBuilderImage)],
		[
			cbImagePathCommand,
			(rest) =>
				runCommand(cbImagePathCommand, rest, (context) => listBuilderImage(context, { pathOnly: true })),
		],
	]);
