import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-status`. */
export const cbStatusCommand = defineCommand({
	name: 'cb-status',
	summary: 'Shows the active, starting and reserve builders of a queue, and who waits for one.',
	options: [
		{
			name: 'mine',
			type: 'boolean',
			description: 'show your builds instead: those that wait or run, and those that ended lately',
		},
		{
			name: 'all',
			type: 'boolean',
			description: "show everybody's builds, with whose they are; for operators of the queue",
		},
		{
			name: 'explain',
			type: 'boolean',
			description:
				'also show each pool and why it does what it does, and the priority and pool of those who wait',
		},
		jsonOption,
		...queueOptions,
	],
	environment: queueVariables,
	examples: [
		{ line: 'cb-status --queue wss://queue.example:8080', description: 'the builders of that queue' },
		{ line: 'cb-status --mine', description: 'what has become of my builds?' },
		{ line: 'cb-status --explain', description: 'why is no builder being made?' },
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
