import { defineCommand } from './option-table.js';
import { jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-doctor`. */
export const cbDoctorCommand = defineCommand({
	name: 'cb-doctor',
	summary: 'Tells what on this machine would stop a build, and the command that mends it.',
	details: ['Changes nothing.'],
	options: [jsonOption, ...queueOptions],
	environment: queueVariables,
	examinesConfiguration: true,
	examples: [{ line: 'cb-doctor', description: 'look at everything' }],
	exitCodes: [
		[0, 'a build can run here; there may be warnings'],
		[1, 'something would stop a build'],
		[2, 'wrong option'],
	],
});
