// The client's process: builds one image after the other.
import { ContainerBuilder } from '@olcf/container-builder';
import { answerCalls } from '../support/answer-calls.mjs';
import { memory } from './memory.mjs';

const definition = { text: 'Bootstrap: scratch\n', kind: 'apptainer' };
let builder;
let image;

answerCalls(
	{
		memory,
		open: ({ url, target }) => {
			image = target;
			builder = new ContainerBuilder({ queue: url });
		},
		/** One after the other. */
		build: async ({ count }) => {
			for (let number = 0; number < count; number++) await one(image);
		},
		/** All at once; resolves with the milliseconds that each took. */
		buildAtOnce: ({ count }) => {
			const began = performance.now();
			return Promise.all(
				Array.from({ length: count }, async (_, number) => {
					await one(`${image}.${number}`);
					return performance.now() - began;
				}),
			);
		},
	},
	() => builder?.close(),
);

async function one(target) {
	const build = builder.build({ definition, image: target, format: 'sif' }, { force: true });
	let bytes = 0;
	for await (const chunk of build.output()) bytes += chunk.byteLength;
	await build;
	if (bytes !== 3_893) throw new Error(`${bytes} bytes of output have come, not 3893`);
}
