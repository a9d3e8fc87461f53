import { defineCommand } from './option-table.js';

/** `cb-queue`. */
export const cbQueueCommand = defineCommand({
	name: 'cb-queue',
	summary: 'Runs a queue: takes builds in order, keeps builders ready, hands them out.',
	details: [
		'Logs go to stderr, one JSON object a line. SIGTERM or SIGINT: takes nothing new, ends all builds, destroys all ' +
			'builders, ends; a second one leaves at once.',
	],
	positionals: [
		{ name: 'check', description: 'only look whether the configuration is in order', optional: true },
	],
	options: [{ name: 'config', type: 'text', placeholder: 'FILE', description: 'the configuration, YAML' }],
	environment: [{ name: 'CB_QUEUE_CONFIG', description: 'the configuration, where --config is not given' }],
	examples: [
		{ line: 'cb-queue check --config queue.yaml', description: 'is the configuration in order?' },
		{ line: 'cb-queue --config queue.yaml', description: 'run until told to end' },
	],
	exitCodes: [
		[0, 'it was told to end, and has destroyed its builders'],
		[2, 'wrong option, or a mistake in the configuration'],
		[4, 'the provider does not work, or builders could not be destroyed'],
		[130, 'a second signal: builders may be left, the next start destroys them'],
	],
});
