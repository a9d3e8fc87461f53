import { type BackendResult, ContainerBuilderError } from '@olcf/container-builder-core';

/** What is known of a backend that has ended. */
export interface BackendEnding {
	readonly backend: string;
	readonly result: BackendResult;
	/** Why it was ended by this side, where it was. */
	readonly stopped?: ContainerBuilderError | undefined;
	/** What of the machine was used up when it ended. */
	readonly exhausted?: 'memory' | 'disk' | 'processes' | undefined;
	/** Bases whose registries have refused them, there being no login. */
	readonly refused?: readonly string[] | undefined;
}

/** Why the build has failed, or undefined where the backend has ended well. */
export function backendFailure(ending: BackendEnding): ContainerBuilderError | undefined {
	const { backend, result, stopped, exhausted, refused = [] } = ending;
	if (stopped) return stopped;
	if (result.exitCode === 0) return undefined;
	const how =
		result.signal === null ? `ended with exit status ${result.exitCode}` : `was killed by ${result.signal}`;
	if (exhausted) {
		return new ContainerBuilderError(
			'resource-limit',
			`${backend} ${how}: the builder ran out of ${exhausted}`,
			{
				hint: 'Ask for a larger builder, or let the definition use less.',
			},
		);
	}
	if (result.signal !== null) return new ContainerBuilderError('backend-failed', `${backend} ${how}`);
	return new ContainerBuilderError('build-failed', `${backend} ${how}`, {
		hint:
			refused.length === 0
				? 'The last lines of its output tell why.'
				: `Nobody may have ${refused.join(', ')} without a login: log in to the registry, or give a login (--authfile). Or look whether the name is right.`,
	});
}
