import { stripVTControlCharacters } from 'node:util';
import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { describeLastOutput } from '../output/describe-error.js';
import type { Phases } from '../output/phases.js';

/** How a failure is told. */
export interface TellFailureOptions {
	readonly phases: Phases;
	readonly json: boolean | undefined;
	/** The file with all of the output. */
	readonly log: string | undefined;
}

/** The last lines of a build that failed again, so that they stand beside the reason; which command it was, and where the rest is. */
export function tellFailure(error: ContainerBuilderError, { phases, json, log }: TellFailureOptions): void {
	if (error.code === 'canceled' || json) return;
	for (const line of describeLastOutput(error.build?.lastOutput ?? [])) phases.line(line);
	const { failedCommand } = error.build ?? {};
	if (failedCommand !== undefined)
		phases.line(`The command that failed: ${stripVTControlCharacters(failedCommand)}`);
	if (log !== undefined) phases.line(`The whole output: ${log}`);
}
