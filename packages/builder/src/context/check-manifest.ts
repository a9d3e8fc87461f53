import { ContainerBuilderError, type ContextManifest } from '@olcf/container-builder-core';
import { escapingLink } from '@olcf/container-builder-core/protocol';

/**
 * What the schema of a manifest cannot say: an entry below something that is no directory, and symbolic links that lead
 * out of the context, also by way of other links. Throws `protocol`.
 */
export function checkManifest(manifest: ContextManifest): void {
	const types = new Map(manifest.entries.map(({ path, type }) => [path, type]));
	for (const { path } of manifest.entries) {
		for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
			const parent = types.get(path.slice(0, end));
			if (parent !== undefined && parent !== 'directory') refuse(`${path} lies below a ${parent}`);
		}
	}
	const link = escapingLink(manifest.entries);
	if (link !== undefined) refuse(`the link ${link.path} leads out of the context`);
}

function refuse(what: string): never {
	throw new ContainerBuilderError('protocol', `not a context: ${what}`);
}
