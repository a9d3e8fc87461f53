// A plain JavaScript project that uses the installed SDK.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { ContainerBuilder, isContainerBuilderError } from '@olcf/container-builder';

const builder = new ContainerBuilder();
try {
	const refused = builder.build({ definition: { text: '' }, image: 'never.sif' });
	const types = [];
	refused.on('event', (event) => types.push(event.type));
	const isInvalid = (error) =>
		isContainerBuilderError(error) && error.code === 'invalid-definition' && error.exitCode === 2;
	await assert.rejects(refused, isInvalid);
	assert.equal(types.at(-1), 'build-end');

	const build = builder.build({ definition: 'hello.def', image: 'by-sdk.sif' });
	let output = 0;
	for await (const bytes of build.output()) output += bytes.length;
	const { image } = await build;
	assert.ok(output > 0);
	assert.equal((await stat('by-sdk.sif')).size, image.size);
} finally {
	await builder.close();
}
