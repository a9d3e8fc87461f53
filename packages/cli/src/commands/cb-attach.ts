import { resolve } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { cbAttachCommand } from '../options/cb-attach-options.js';
import { goOn } from './go-on.js';
import { openQueue } from './open-queue.js';
import { readProgress } from './read-progress.js';
import { type CommandContext, runCommand } from './run-command.js';

/** `cb-attach`. */
export const cbAttach: CommandMain = (invocation) => runCommand(cbAttachCommand, invocation, attach);

type Context = CommandContext<typeof cbAttachCommand.options>;

async function attach(context: Context): Promise<number> {
	const { values, positionals, invocation, phases, signal } = context;
	const [id = '', name] = positionals;
	readProgress(values);
	const { builder, host } = await openQueue(values, context, { own: true });
	try {
		phases.start('Connecting to BuilderQueue');
		const record = await builder.queue.find(id, { signal });
		phases.done(`Connected to queue: ${host}`);
		const image = imagePath(name, record?.labels.image, invocation.directory);
		return await goOn({ builder, host, id, image, ageMs: record?.ageMs, values }, context);
	} finally {
		await builder.close();
	}
}

/** Absolute. */
function imagePath(name: string | undefined, labelled: string | undefined, directory: string): string {
	const path = name ?? labelled;
	if (path === undefined) {
		throw new ContainerBuilderError('invalid-option', 'the build does not tell where its image is to go', {
			hint: 'Name it: cb-attach ID IMAGE',
		});
	}
	return resolve(directory, path);
}
