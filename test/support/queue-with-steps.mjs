// The command cb-queue, for tests: tells each step on its standard output, and is killed at the one that KILL_AT names.
// The same parts as the installed command has: see packages/cli/src/commands/cb-queue.ts.
import { writeSync } from 'node:fs';
import { local } from '@olcf/container-builder-provider-local';
import { queueMain } from '@olcf/container-builder-queue';
import { ws } from '@olcf/container-builder-transport-ws';

const killAt = process.env.KILL_AT;

process.exitCode = await queueMain({
	argv: process.argv.slice(2),
	environment: process.env,
	providers: { local: (options) => local({ tether: false, ...options }) },
	transports: ({ insecure }) => [ws({ insecure })],
	streams: { stdout: process.stdout, stderr: process.stderr },
	onImpatience: () => process.exit(130),
	onStep: (step) => {
		writeSync(1, `step ${step}\n`);
		if (step === killAt) process.kill(process.pid, 'SIGKILL');
	},
});
