import { addAbortListener } from 'node:events';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ContainerBuilder } from '../index.js';
import { BuildLog } from '../log/build-log.js';
import type { OptionSpecification } from '../options/option-table.js';
import type { ProgressMode } from '../output/phases.js';
import { Departure } from './departure.js';
import { terminalSize } from './follow-terminal.js';
import { readProgress } from './read-progress.js';
import type { CommandContext } from './run-command.js';
import { tellDeparture } from './tell-departure.js';
import { tellFailure } from './tell-failure.js';
import { tellResult } from './tell-result.js';
import { watchBuild } from './watch-build.js';

/** Options of {@link goOn}. */
export interface GoOnOptions {
	readonly builder: ContainerBuilder;
	/** For `Connected to queue:`. */
	readonly host: string;
	readonly id: string;
	/** Absolute. */
	readonly image: string;
	/** How old the build is, in milliseconds. @default 0 */
	readonly ageMs?: number | undefined;
	readonly values: {
		readonly force?: boolean | undefined;
		readonly provenance?: boolean | undefined;
		readonly from?: number | undefined;
		readonly tail?: number | undefined;
		readonly progress?: ProgressMode | undefined;
		readonly json?: boolean | undefined;
		readonly parsable?: boolean | undefined;
	};
}

/**
 * Goes on with a build that was left to itself, until its image is here. Whatever ends this before then, Ctrl-C or a
 * mistake, leaves it to itself again. Resolves with the exit status, rejects with what the build failed with.
 */
export async function goOn(
	{ builder, host, id, image, ageMs = 0, values }: GoOnOptions,
	context: Pick<CommandContext<readonly OptionSpecification[]>, 'invocation' | 'phases' | 'signal'>,
): Promise<number> {
	const { invocation, phases, signal } = context;
	const { json, parsable, force, provenance, from, tail } = values;
	const asEvents = readProgress(values);
	const build = builder.attach(id, { image, force, provenance, from, tail });
	const log = new BuildLog(build, invocation.environment);
	const departure = new Departure(build, { phases });
	const interrupt = addAbortListener(signal, () => void departure.begin());
	const hasTerminal = invocation.stdout.isTTY === true;
	if (hasTerminal)
		build.once('builder', () => void build.resize(terminalSize(invocation.stdout)).catch(() => {}));
	try {
		const output = json || parsable ? invocation.stderr : invocation.stdout;
		const result = await watchBuild(build, context, {
			...{ output, log, asEvents, queueHost: host, image, hasTerminal },
		});
		tellResult(result, { invocation, phases, json, parsable, ageMs: ageMs + result.durationMs });
		return 0;
	} catch (caught) {
		phases.stop();
		// Whatever went wrong on this side, the build does not end by it.
		const keptMs = await departure.begin();
		const error = ContainerBuilderError.from(caught);
		if (keptMs > 0) tellDeparture(phases, id, keptMs);
		else tellFailure(error, { phases, json, log: await log.close() });
		throw error;
	} finally {
		interrupt[Symbol.dispose]();
		await log.close();
	}
}
