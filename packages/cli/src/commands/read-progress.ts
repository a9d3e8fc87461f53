import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ProgressMode } from '../output/phases.js';

/** Whether stdout gets events, one a line. Throws `invalid-option` where something else is to be there too. */
export function readProgress(values: {
	readonly progress?: ProgressMode | undefined;
	readonly json?: boolean | undefined;
	readonly parsable?: boolean | undefined;
	readonly detach?: boolean | undefined;
}): boolean {
	const asEvents = values.progress === 'json';
	const wanted = [
		...(asEvents ? ['--progress json'] : []),
		...(values.json ? ['--json'] : []),
		...(values.parsable ? ['--parsable'] : []),
		...(values.detach && asEvents ? ['--detach'] : []),
	];
	if (wanted.length < 2) return asEvents;
	throw new ContainerBuilderError(
		'invalid-option',
		`${wanted.slice(0, 2).join(' and ')} exclude each other`,
		{
			hint: 'Each has stdout for itself.',
		},
	);
}
