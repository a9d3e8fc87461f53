import type { CommandMain } from '../invocation.js';
import { cbQueueCommand } from '../options/cb-queue-options.js';
import { parseCommand } from '../options/parse-command.js';
import { version } from '../version.js';

/** `cb-queue`. Its own words and exit statuses are the queue package's. */
export const cbQueue: CommandMain = async (invocation) => {
	const { stdout, stderr, environment, directory } = invocation;
	const parsed = parseCommand(cbQueueCommand, invocation.argv, { columns: stdout.columns });
	if (parsed.kind === 'exit') {
		stdout.write(parsed.stdout);
		stderr.write(parsed.stderr);
		return parsed.status;
	}
	const { queueMain } = await import('@olcf/container-builder-queue');
	const { ws } = await import('../index.js');
	const { queueProviders } = await import('./queue-providers.js');
	const { config, group = [], expires } = parsed.values;
	const given = [
		...(config === undefined ? [] : ['--config', config]),
		...group.flatMap((name) => ['--group', name]),
		...(expires === undefined ? [] : ['--expires', expires]),
	];
	return await queueMain({
		argv: [...parsed.positionals, ...given],
		environment,
		directory,
		providers: queueProviders,
		transports: ({ insecure }) => [ws({ insecure })],
		streams: { stdout, stderr },
		signals: invocation.signals,
		onImpatience: () => invocation.exit(130),
		version,
	});
};
