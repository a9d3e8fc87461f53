import { defineCommand } from './option-table.js';

/** `cb-queue`. */
export const cbQueueCommand = defineCommand({
	name: 'cb-queue',
	summary: 'Runs a queue: takes builds in order, keeps builders ready, hands them out.',
	details: [
		'Logs go to stderr, one JSON object a line. State is kept in a directory, so that builds outlive the process: the ' +
			'next one goes on with them, and a second one stands by.',
		'SIGHUP: reads the configuration again; no build is dropped. SIGTERM: takes nothing new, lets builds that run end, ' +
			'destroys all builders, ends; a second one ends the builds. SIGUSR2: ends at once and leaves everything to the ' +
			'next process. SIGINT: ends all builds, destroys all builders, ends.',
	],
	positionals: [
		{
			name: 'COMMAND',
			words: ['check', 'key', 'token'],
			description:
				'check: only look whether the configuration is in order. key: print the public key that its provenances are verified with. token add USER: make a token and print it, ' +
				'which nobody can do again. token list: show whose tokens there are. token remove ID: take one back, at once',
			optional: true,
			repeatable: true,
		},
	],
	options: [
		{ name: 'config', type: 'text', placeholder: 'FILE', description: 'the configuration, YAML' },
		{
			name: 'group',
			type: 'list',
			placeholder: 'NAME',
			description: 'of token add: a group of the user',
		},
		{
			name: 'expires',
			type: 'text',
			placeholder: 'TIME',
			description: 'of token add: after which it is not taken any more, such as 90d',
			defaultText: 'never',
		},
	],
	environment: [{ name: 'CB_QUEUE_CONFIG', description: 'the configuration, where --config is not given' }],
	examples: [
		{ line: 'cb-queue check --config queue.yaml', description: 'is the configuration in order?' },
		{ line: 'cb-queue --config queue.yaml', description: 'run until told to end' },
		{
			line: 'cb-queue token add alice --group staff --expires 90d --config queue.yaml',
			description: 'let alice in',
		},
	],
	exitCodes: [
		[0, 'it was told to end, and has destroyed its builders or left them to the next process'],
		[2, 'wrong option, or a mistake in the configuration'],
		[
			4,
			'the provider does not work, builders could not be destroyed, or another process has become the queue',
		],
		[130, 'one signal too many: builders may be left, the next start goes on with them'],
	],
});
