import { deferred } from '@olcf/container-builder-core';
import { fakeProvider } from '@olcf/container-builder-testing';
import { minimalDaemon } from './minimal-daemon.mjs';

/** The fake provider with machines that have booted when `create` answers: nothing is left to be looked for in lists. */
export function instantProvider(transport) {
	const booted = new Map();
	const bootOf = (builderId) => {
		const boot = booted.get(builderId) ?? deferred();
		booted.set(builderId, boot);
		return boot;
	};
	const fake = fakeProvider({
		onBoot: async (machine, bootstrap) => {
			const daemon = await minimalDaemon(transport, machine.endpoint, bootstrap);
			bootOf(machine.builderId).resolve({ ...machine, state: 'running' });
			return daemon;
		},
	});
	return {
		specificationVersion: fake.specificationVersion,
		name: fake.name,
		capabilities: fake.capabilities,
		create: async (request, options) => {
			await fake.create(request, options);
			const machine = await bootOf(request.builderId).promise;
			booted.delete(request.builderId);
			return machine;
		},
		destroy: (target, options) => fake.destroy(target, options),
		list: (filter, options) => fake.list(filter, options),
		sweep: (filter, options) => fake.sweep(filter, options),
		headroom: (request, options) => fake.headroom(request, options),
		resolveImage: (request, options) => fake.resolveImage(request, options),
		dispose: () => fake[Symbol.asyncDispose](),
	};
}
