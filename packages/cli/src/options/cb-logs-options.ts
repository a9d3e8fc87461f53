import { defineCommand } from './option-table.js';
import { buildIdArgument, exitCodes, queueOptions, queueVariables, tailOptions } from './shared-options.js';

/** `cb-logs`. */
export const cbLogsCommand = defineCommand({
	name: 'cb-logs',
	summary: 'Prints the output of a build of yours, byte for byte, as long as its builder is there.',
	details: ['Looks on only: nothing of the build changes, whatever becomes of this command.'],
	positionals: [buildIdArgument],
	options: [
		{
			name: 'follow',
			short: 'f',
			type: 'boolean',
			description: 'go on with what comes, until the build is over',
		},
		...tailOptions,
		...queueOptions,
	],
	environment: queueVariables,
	examples: [
		{ line: 'cb-logs 5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61', description: 'what there is so far' },
		{
			line: 'cb-logs --follow --tail 10 5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61',
			description: 'the last lines, and what comes',
		},
	],
	exitCodes: [
		exitCodes.success,
		[exitCodes.usage[0], 'wrong option, or no such build'],
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.transfer,
		exitCodes.canceled,
	],
});
