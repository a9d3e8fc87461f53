import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** Where output is to begin that is there already. Throws `invalid-option`. */
export function readTail({
	from,
	tail,
}: {
	readonly from?: number | undefined;
	readonly tail?: number | undefined;
}): { readonly from?: number | undefined; readonly tail?: number | undefined } {
	if (from !== undefined && tail !== undefined)
		throw new ContainerBuilderError('invalid-option', '--from and --tail exclude each other');
	return { from, tail };
}
