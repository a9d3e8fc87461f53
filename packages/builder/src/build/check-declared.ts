import { type BuildRequest, ContainerBuilderError } from '@olcf/container-builder-core';
import { declarationDigest, declarationOf } from '@olcf/container-builder-core/protocol';

/** Throws `forbidden` for a request that is not what the queue was told would be built. */
export function checkDeclared(request: BuildRequest, declarationSha256: string | undefined): void {
	if (declarationSha256 === undefined) return;
	const ids = (request.secrets ?? []).map(({ id }) => id);
	const declared = declarationDigest(declarationOf(request, ids), request.architecture);
	if (declared === declarationSha256) return;
	throw new ContainerBuilderError('forbidden', 'this is not what the queue was told would be built', {
		hint: 'The provenance of an image is declared at the checkout: begin a new build for another one.',
	});
}
