import type { Build, BuildResult } from '@olcf/container-builder-core/spec';
import type { OutputStream } from '../invocation.js';
import type { BuildLog } from '../log/build-log.js';
import type { OptionSpecification } from '../options/option-table.js';
import { buildReporter } from '../output/build-reporter.js';
import { eventLine } from '../output/event-line.js';
import { writeBytes } from '../output/write-bytes.js';
import { followTerminal } from './follow-terminal.js';
import type { CommandContext } from './run-command.js';

/** How a build is shown. */
export interface WatchOptions {
	/** Gets the output of the build; undefined: it is not shown. */
	readonly output: OutputStream | undefined;
	/** Has what comes too fast for the output. */
	readonly log: BuildLog;
	/** Whether stdout gets events instead, one a line. */
	readonly asEvents: boolean;
	/** What `Connected to queue:` names. */
	readonly queueHost: string;
	/** Where the image goes. */
	readonly image: string;
	/** Whether the build has a terminal, of the size of this one. */
	readonly hasTerminal: boolean;
}

/** Shows a build until it is over, wherever it was begun. Rejects with what it failed with. */
export async function watchBuild(
	build: Build,
	{ invocation, phases }: Pick<CommandContext<readonly OptionSpecification[]>, 'invocation' | 'phases'>,
	{ output, log, asEvents, queueHost, image, hasTerminal }: WatchOptions,
): Promise<BuildResult> {
	const stopFollowing = hasTerminal ? followTerminal(invocation.stdout, build) : () => {};
	const report = buildReporter({ phases, output: output ?? invocation.stdout, log, queueHost, image });
	try {
		for await (const event of build) {
			if (asEvents) await writeBytes(invocation.stdout, `${eventLine(event)}\n`);
			else if (output !== undefined || !event.type.startsWith('output')) await report(event);
		}
		return await build;
	} finally {
		stopFollowing();
	}
}
