import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { describeLastOutput } from '../output/describe-error.js';
import { harmless } from '../output/harmless.js';
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
	// One that a limit has ended, or the loss of its machine, is not to blame.
	const label = error.code === 'build-failed' ? 'The command that failed' : 'The last command';
	if (failedCommand !== undefined) phases.line(`${label}: ${harmless(failedCommand)}`);
	if (log !== undefined) phases.line(`The whole output: ${log}`);
}
