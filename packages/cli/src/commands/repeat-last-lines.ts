import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { describeLastOutput } from '../output/describe-error.js';
import type { Phases } from '../output/phases.js';

/** The last lines of a build that failed again, so that they stand beside the reason. */
export function repeatLastLines(
	error: ContainerBuilderError,
	{ phases, json }: { readonly phases: Phases; readonly json: boolean | undefined },
): void {
	if (error.code === 'canceled' || json) return;
	for (const line of describeLastOutput(error.build?.lastOutput ?? [])) phases.line(line);
}
