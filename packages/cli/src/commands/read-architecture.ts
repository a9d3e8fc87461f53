import { ARCHITECTURES, type Architecture, ContainerBuilderError } from '@olcf/container-builder-core/spec';

const ALIASES: Readonly<Record<string, Architecture>> = {
	x86_64: 'amd64',
	x64: 'amd64',
	aarch64: 'arm64',
	ppc64el: 'ppc64le',
};

/** The architecture that `--arch` names. Whether it can be had is for the queue to say. */
export function readArchitecture(given: string | undefined): Architecture | undefined {
	if (given === undefined) return undefined;
	const name = given.toLowerCase();
	const architecture = ALIASES[name] ?? ARCHITECTURES.find((known) => known === name);
	if (architecture === undefined) {
		throw new ContainerBuilderError('invalid-option', `unknown architecture: ${given}`, {
			hint: 'Known are amd64 (x86_64), arm64 (aarch64) and ppc64le.',
		});
	}
	return architecture;
}
