import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** `KEY=VALUE` of each `--build-arg`; the last one of a key holds. */
export function readBuildArguments(given: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		given.map((argument) => {
			const equals = argument.indexOf('=');
			const key = argument.slice(0, Math.max(0, equals));
			if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
				throw new ContainerBuilderError('invalid-option', `--build-arg ${argument} is not KEY=VALUE`);
			}
			return [key, argument.slice(equals + 1)] as const;
		}),
	);
}
