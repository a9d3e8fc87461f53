import { addAbortListener } from 'node:events';
import { resolve } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { BuildLog } from '../log/build-log.js';
import { cbAttachCommand } from '../options/cb-attach-options.js';
import { Departure } from './departure.js';
import { terminalSize } from './follow-terminal.js';
import { openQueue } from './open-queue.js';
import { readProgress } from './read-progress.js';
import { type CommandContext, runCommand } from './run-command.js';
import { tellDeparture } from './tell-departure.js';
import { tellFailure } from './tell-failure.js';
import { tellResult } from './tell-result.js';
import { watchBuild } from './watch-build.js';

/** `cb-attach`. */
export const cbAttach: CommandMain = (invocation) => runCommand(cbAttachCommand, invocation, attach);

type Context = CommandContext<typeof cbAttachCommand.options>;

async function attach(context: Context): Promise<number> {
	const { values, positionals, invocation, phases, signal } = context;
	const { json, force, from, tail } = values;
	const [id = '', name] = positionals;
	const asEvents = readProgress(values);
	const { builder, host } = await openQueue(values, context, { own: true });
	try {
		phases.start('Connecting to BuilderQueue');
		const record = await builder.queue.find(id, { signal });
		phases.done(`Connected to queue: ${host}`);
		const image = imagePath(name, record?.labels.image, invocation.directory);
		const build = builder.attach(id, { image, force, from, tail });
		const log = new BuildLog(build, invocation.environment);
		const departure = new Departure(build, { phases });
		const interrupt = addAbortListener(signal, () => void departure.begin());
		const hasTerminal = invocation.stdout.isTTY === true;
		if (hasTerminal)
			build.once('builder', () => void build.resize(terminalSize(invocation.stdout)).catch(() => {}));
		try {
			const output = json ? invocation.stderr : invocation.stdout;
			const result = await watchBuild(build, context, {
				...{ output, asEvents, queueHost: host, image, hasTerminal },
			});
			const ageMs = (record?.ageMs ?? 0) + result.durationMs;
			tellResult(result, { invocation, phases, json, ageMs });
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
	} finally {
		await builder.close();
	}
}

/** Absolute. */
function imagePath(name: string | undefined, labelled: string | undefined, directory: string): string {
	const path = name ?? labelled;
	if (path === undefined) {
		throw new ContainerBuilderError('invalid-option', 'the build does not tell where its image is to go', {
			hint: 'Name it: cb-attach ID IMAGE',
		});
	}
	return resolve(directory, path);
}
