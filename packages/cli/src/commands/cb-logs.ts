import type { CommandMain } from '../invocation.js';
import { cbLogsCommand } from '../options/cb-logs-options.js';
import { writeBytes } from '../output/write-bytes.js';
import { openQueue } from './open-queue.js';
import { runCommand } from './run-command.js';

/** `cb-logs`. */
export const cbLogs: CommandMain = (invocation) =>
	runCommand(cbLogsCommand, invocation, async (context) => {
		const { values, positionals, signal } = context;
		const [id = ''] = positionals;
		const { from, tail, follow } = values;
		const { builder } = await openQueue(values, context, { own: true });
		try {
			const logs = builder.logs(id, { from, tail, follow, signal });
			for await (const bytes of logs) await writeBytes(invocation.stdout, bytes);
			return 0;
		} finally {
			await builder.close();
		}
	});
