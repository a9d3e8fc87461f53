// A plain JavaScript project: the SDK's whole way with plug-ins of its own, without a machine.
import assert from 'node:assert/strict';
import { ContainerBuilder, isContainerBuilderError } from '@olcf/container-builder';

const builder = new ContainerBuilder({ provider: 'local' });
const build = builder.build({ definition: { text: '' }, image: 'never.sif' });
const types = [];
build.on('event', (event) => types.push(event.type));
await assert.rejects(
	build,
	(error) => isContainerBuilderError(error) && error.code === 'invalid-definition' && error.exitCode === 2,
);
assert.equal(types.at(-1), 'build-end');
await builder.close();
