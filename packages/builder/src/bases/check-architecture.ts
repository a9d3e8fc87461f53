import { ARCHITECTURES, type Architecture, ContainerBuilderError } from '@olcf/container-builder-core';
import { type Skopeo, type SkopeoCall, SkopeoError } from './skopeo.js';

/**
 * Rejects with `unsupported` where a base is not to be had for an architecture: backends take what there is, warn, and
 * name the image after what was asked for. What cannot be found out is not in the way.
 */
export async function checkArchitecture(
	skopeo: Skopeo,
	base: { readonly reference: string; readonly source: string },
	architecture: Architecture,
	call: SkopeoCall,
): Promise<void> {
	const is = await skopeo.architectureOf(base.source, architecture, call).catch((error: unknown) => {
		if (error instanceof SkopeoError && /no image found in .* for architecture/i.test(error.message))
			return 'others only';
		return architecture;
	});
	// What says something else says nothing: such images have been made, and run.
	const isOther =
		is === 'others only' || ARCHITECTURES.some((known) => known === is && known !== architecture);
	if (!isOther) return;
	throw new ContainerBuilderError(
		'unsupported',
		`the base ${base.reference} is not to be had for ${architecture}: it is for ${is}`,
		{ hint: 'Take a base that is, or leave the architecture out.' },
	);
}
