import { defineCommand } from './option-table.js';
import { buildIdArgument, exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-cancel`. */
export const cbCancelCommand = defineCommand({
	name: 'cb-cancel',
	summary: 'Ends builds of yours, whether they wait or run, and waits until they are over.',
	details: ['A build that is over stays as it ended.'],
	positionals: [{ ...buildIdArgument, repeatable: true }],
	options: [jsonOption, ...queueOptions],
	environment: queueVariables,
	examples: [
		{ line: 'cb-cancel 5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61', description: 'it is not wanted any more' },
	],
	exitCodes: [
		[exitCodes.success[0], 'none of them runs any more'],
		[exitCodes.usage[0], 'wrong option, or no such build'],
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.canceled,
	],
});
