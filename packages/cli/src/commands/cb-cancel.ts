import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildState, ContainerBuilderError, type Queue } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { cbCancelCommand } from '../options/cb-cancel-options.js';
import { writeJson } from '../output/write-json.js';
import { openQueue } from './open-queue.js';
import { runCommand } from './run-command.js';

const LOOK_MS = 200;
/** The queue takes a builder back that does not end its build by itself. */
const LIMIT_MS = 60_000;
const OVER: ReadonlySet<BuildState> = new Set(['succeeded', 'failed', 'canceled']);

/** `cb-cancel`. */
export const cbCancel: CommandMain = (invocation) =>
	runCommand(cbCancelCommand, invocation, async (context) => {
		const { values, positionals, signal, phases } = context;
		const { builder, host } = await openQueue(values, context, { own: true });
		try {
			phases.start('Connecting to BuilderQueue');
			const results = await Promise.allSettled(
				positionals.map((id) => cancelBuild(builder.queue, id, signal)),
			);
			phases.done(`Connected to queue: ${host}`);
			const canceled = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
			if (values.json) writeJson(invocation.stdout, canceled);
			else for (const { id, state } of canceled) invocation.stdout.write(`${id}: ${state}\n`);
			// Those that are there are canceled whatever is wrong with the others, of which each is told.
			const [first, ...others] = results.flatMap((result) =>
				result.status === 'rejected' ? [ContainerBuilderError.from(result.reason)] : [],
			);
			for (const error of others) phases.line(`error: ${error.message}`);
			if (first !== undefined) throw first;
			return 0;
		} finally {
			await builder.close();
		}
	});

/** Resolves with how it ended when it is over. */
async function cancelBuild(
	queue: Queue,
	id: string,
	signal: AbortSignal,
): Promise<{ readonly id: string; readonly state: BuildState }> {
	await queue.cancel(id, { signal });
	for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
		const state = (await queue.find(id, { signal }))?.state ?? 'canceled';
		if (OVER.has(state)) return { id, state };
		if (waitedMs >= LIMIT_MS) {
			throw new ContainerBuilderError('builder-unreachable', `the build ${id} does not end`, {
				hint: 'The queue ends it as soon as it can: see cb-status --mine.',
			});
		}
		await sleep(LOOK_MS, undefined, { signal });
	}
}
