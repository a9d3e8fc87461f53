// The client's process: builds one image after the other.
import { ContainerBuilder } from '@olcf/container-builder';
import { answerCalls } from '../support/answer-calls.mjs';
import { memory } from './memory.mjs';

let builder;

answerCalls(
	{
		memory,
		open: ({ url }) => {
			builder = new ContainerBuilder({ queue: url });
		},
		build: async ({ count }) => {
			for (let number = 0; number < count; number++) {
				const build = builder.build({ definition: { text: 'Bootstrap: scratch\n', kind: 'apptainer' } });
				let bytes = 0;
				for await (const chunk of build.output()) bytes += chunk.byteLength;
				await build;
				if (bytes !== 3_893) throw new Error(`${bytes} bytes of output have come, not 3893`);
			}
		},
	},
	() => builder?.close(),
);
