import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-images`. */
export const cbImagesCommand = defineCommand({
	name: 'cb-images',
	summary: 'Lists the base images that the site offers, with their tags.',
	options: [
		jsonOption,
		...queueOptions,
		{
			name: 'registry',
			type: 'text',
			placeholder: 'URL',
			description: 'ask this registry instead of a queue: https://HOST[:PORT]',
		},
		{
			name: 'repository',
			type: 'list',
			placeholder: 'NAME',
			description: 'with --registry: list this repository only',
			defaultText: "the registry's whole catalogue",
		},
	],
	environment: queueVariables,
	examples: [
		{ line: 'cb-images', description: 'ask the queue that the environment names' },
		{
			line: 'cb-images --registry https://registry.example --repository olcf/summit',
			description: 'ask a registry directly',
		},
	],
	exitCodes: [
		exitCodes.success,
		exitCodes.usage,
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.transfer,
		exitCodes.canceled,
	],
});
