import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `cb-verify`. */
export const cbVerifyCommand = defineCommand({
	name: 'cb-verify',
	summary: 'Checks the provenance of an image: that a queue has signed it, and what it says.',
	details: [
		'What the queue attests is that this image came out of a builder of its own, for which definition, context and ' +
			'arguments it was handed out, and which base images had been found before the definition ran. What the definition ' +
			'did there nobody attests.',
		'The key is the one of --key, or asked of the queue that is named, or your own where none is.',
	],
	positionals: [{ name: 'IMAGE', description: 'the image' }],
	options: [
		{
			name: 'key',
			type: 'text',
			placeholder: 'FILE',
			description: 'public keys to trust, PEM, as cb-queue key prints one; no queue is asked then',
		},
		{
			name: 'provenance',
			type: 'text',
			placeholder: 'FILE',
			description: 'the provenance',
			defaultText: 'IMAGE.intoto.jsonl',
		},
		{
			name: 'definition',
			type: 'text',
			placeholder: 'FILE',
			description: 'also check that it was built from this definition',
		},
		jsonOption,
		...queueOptions,
	],
	environment: queueVariables,
	examples: [
		{
			line: 'cb-verify app.sif',
			description: 'was it built by the queue that the environment names, or here?',
		},
		{
			line: 'cb-verify --key queue.pem --definition app.def app.sif',
			description: 'was it built by that queue, from this definition?',
		},
	],
	exitCodes: [
		[exitCodes.success[0], 'it is signed, and belongs to this image'],
		[exitCodes.usage[0], 'wrong option, a file is missing, or is no provenance'],
		[exitCodes.unreachable[0], 'signed by none of the keys; the queue cannot be reached, or refuses'],
		[exitCodes.transfer[0], 'image or definition are not those of the provenance'],
		exitCodes.canceled,
	],
});
