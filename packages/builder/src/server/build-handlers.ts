import { ContainerBuilderError } from '@olcf/container-builder-core';
import type { buildMethods, Handlers } from '@olcf/container-builder-core/protocol';
import type { BuilderDaemon } from './builder-daemon.js';

/** The methods of a channel `build`, which only the lease's holder can open. */
export function buildHandlers(daemon: BuilderDaemon): Handlers<typeof buildMethods> {
	return {
		info: async () => await daemon.info(),
		start: async (request) => daemon.build().start(request),
		state: async () => daemon.state(),
		states: async ({ after }, context) => {
			await daemon.follow(after, context);
			return {};
		},
		resize: async (size) => {
			daemon.build().resize(size);
			return {};
		},
		cancel: async ({ force }) => {
			await daemon.build().end(new ContainerBuilderError('canceled', 'canceled by the client'), { force });
			return {};
		},
	};
}
