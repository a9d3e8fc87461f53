import { ARCHITECTURES, type Architecture, ContainerBuilderError } from '@olcf/container-builder-core/spec';

const ALIASES: Readonly<Record<string, Architecture>> = {
	x86_64: 'amd64',
	x64: 'amd64',
	aarch64: 'arm64',
	ppc64el: 'ppc64le',
};
const NATIVE: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le' };

/** The architecture that `--arch` names. A queue in this process can only do this machine's own. */
export function readArchitecture(
	given: string | undefined,
	queue: 'embedded' | 'remote',
): Architecture | undefined {
	if (given === undefined) return undefined;
	const name = given.toLowerCase();
	const architecture = ALIASES[name] ?? ARCHITECTURES.find((known) => known === name);
	if (architecture === undefined) {
		throw new ContainerBuilderError('invalid-option', `unknown architecture: ${given}`, {
			hint: 'Known are amd64 (x86_64), arm64 (aarch64) and ppc64le.',
		});
	}
	const native = NATIVE[process.arch];
	if (queue === 'embedded' && architecture !== native) {
		throw new ContainerBuilderError(
			'invalid-option',
			`this machine builds for ${native ?? process.arch} only, not for ${architecture}`,
			{ hint: `Name a queue with ${architecture} builders by --queue.` },
		);
	}
	return architecture;
}
