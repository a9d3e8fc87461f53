import type { BuildRecord } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { cbStatusCommand } from '../options/cb-status-options.js';
import { writeJson } from '../output/write-json.js';
import { openQueue } from './open-queue.js';
import { runCommand } from './run-command.js';
import { showBuilds } from './show-builds.js';
import { showStatus } from './show-status.js';

/** `cb-status`. */
export const cbStatus: CommandMain = (invocation) =>
	runCommand(cbStatusCommand, invocation, async (context) => {
		const { values, phases, signal } = context;
		const { builder, host } = await openQueue(values, context, { own: true });
		try {
			phases.start('Connecting to BuilderQueue');
			if (values.mine || values.all) {
				const builds: BuildRecord[] = [];
				for await (const build of builder.queue.list({ all: values.all }, { signal })) builds.push(build);
				phases.done(`Connected to queue: ${host}`);
				if (values.json) writeJson(invocation.stdout, builds);
				else invocation.stdout.write(showBuilds(builds, { ofAll: values.all ?? false }));
				return 0;
			}
			const status = await builder.queue.status({ signal });
			phases.done(`Connected to queue: ${host}`);
			if (values.json) writeJson(invocation.stdout, status);
			else invocation.stdout.write(showStatus(status, { explain: values.explain }));
			return 0;
		} finally {
			await builder.close();
		}
	});
