import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ProgressMode } from '../output/phases.js';

/** Whether stdout gets events, one a line. Throws `invalid-option` where something else is to be there too. */
export function readProgress(values: {
	readonly progress?: ProgressMode | undefined;
	readonly json?: boolean | undefined;
	readonly detach?: boolean | undefined;
}): boolean {
	if (values.progress !== 'json') return false;
	const other = values.json ? '--json' : values.detach ? '--detach' : undefined;
	if (other === undefined) return true;
	throw new ContainerBuilderError('invalid-option', `--progress json and ${other} exclude each other`, {
		hint: 'Each has stdout for itself.',
	});
}
