import { ContainerBuilderError } from '../spec/index.js';

/** Throws `unsupported-specification` where a plug-in was written for a version that this core does not speak. */
export function checkSpecification(
	kind: 'provider' | 'transport' | 'store' | 'authenticator',
	plugIn: { readonly specificationVersion: string; readonly name?: string },
): void {
	const found: string = plugIn.specificationVersion;
	if (found === 'v1') return;
	throw new ContainerBuilderError(
		'unsupported-specification',
		`the ${kind} ${plugIn.name ?? ''} speaks specification ${String(found)}, this core speaks v1`,
		{ hint: `Install a version of the ${kind} and of the core that fit each other.` },
	);
}
