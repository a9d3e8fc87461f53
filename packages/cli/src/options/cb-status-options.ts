import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-status`. */
export const cbStatusCommand = defineCommand({
	name: 'cb-status',
	summary: 'Shows the active, starting and reserve builders of a queue, and who waits for one.',
	options: [jsonOption, ...queueOptions],
	environment: queueVariables,
	examples: [
		{ line: 'cb-status --queue wss://queue.example:8080', description: 'the builders of that queue' },
		{ line: 'cb-status --json', description: 'the same for programs; the queue comes from the environment' },
	],
	exitCodes: [
		exitCodes.success,
		exitCodes.usage,
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.canceled,
	],
});
