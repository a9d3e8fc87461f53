import { ContainerBuilderError, type ImageRepository } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { cbImagesCommand } from '../options/cb-images-options.js';
import { writeJson } from '../output/write-json.js';
import { openQueue } from './open-queue.js';
import { type CommandContext, runCommand } from './run-command.js';
import { showImages } from './show-images.js';

/** `cb-images`. */
export const cbImages: CommandMain = (invocation) =>
	runCommand(cbImagesCommand, invocation, async (context) => {
		const { values } = context;
		if (values.repository !== undefined && values.registry === undefined) {
			throw new ContainerBuilderError('invalid-option', '--repository needs --registry', {
				hint: 'A queue lists what its configuration names.',
			});
		}
		if (values.registry !== undefined && values.queue !== undefined) {
			throw new ContainerBuilderError('invalid-option', '--registry and --queue exclude each other');
		}
		const images = values.registry === undefined ? await fromQueue(context) : await fromRegistry(context);
		if (values.json) writeJson(invocation.stdout, images);
		else invocation.stdout.write(showImages(images));
		return 0;
	});

type Context = CommandContext<typeof cbImagesCommand.options>;

async function fromQueue(context: Context): Promise<readonly ImageRepository[]> {
	const { phases, signal, values } = context;
	const { builder, host } = await openQueue(values, context);
	try {
		phases.start('Connecting to BuilderQueue');
		const images = await builder.queue.images({ signal });
		phases.done(`Connected to queue: ${host}`);
		phases.start('Requesting image list');
		phases.done('Fetched');
		return images;
	} finally {
		await builder.close();
	}
}

async function fromRegistry({ phases, signal, values }: Context): Promise<readonly ImageRepository[]> {
	const { imageCatalogue } = await import('@olcf/container-builder-core');
	phases.start('Requesting image list');
	const ask = imageCatalogue({
		registry: values.registry ?? '',
		repositories: values.repository,
		insecure: values.insecure,
	});
	const images = await ask({ signal });
	phases.done('Fetched');
	return images;
}
