import { defineCommand } from './option-table.js';
import {
	buildIdArgument,
	exitCodes,
	jsonOption,
	parsableOption,
	progressOption,
	provenanceOption,
	queueOptions,
	queueVariables,
	tailOptions,
} from './shared-options.js';

/** `cb-attach`. */
export const cbAttachCommand = defineCommand({
	name: 'cb-attach',
	summary: 'Goes on with a build of yours: shows its output, follows it, and brings the image.',
	details: [
		'From any host that reaches the queue and its builders. The builder is given back when the image is there.',
		'Ctrl-C leaves the build to itself: it goes on, and cb-attach can be called again. cb-cancel ends it.',
	],
	positionals: [
		buildIdArgument,
		{
			name: 'IMAGE',
			description: 'where the image goes (default: where the build was started for)',
			optional: true,
		},
	],
	options: [
		{ name: 'force', short: 'f', type: 'boolean', description: 'overwrite IMAGE where it exists' },
		{
			...provenanceOption,
			description: 'as of container-builder, which must have been given it too',
		},
		...tailOptions,
		progressOption,
		{
			...jsonOption,
			description: "print the result as JSON on stdout; the build's output goes to stderr",
		},
		parsableOption,
		...queueOptions,
	],
	environment: queueVariables,
	examples: [
		{ line: 'cb-attach 5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61', description: 'everything from the first byte' },
		{
			line: 'cb-attach --tail 20 5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61 other.sif',
			description: 'the last lines only, and the image under another name',
		},
	],
	exitCodes: [
		[exitCodes.success[0], 'the image is delivered and verified'],
		exitCodes.definition,
		[exitCodes.usage[0], 'wrong option, no such build, or image exists'],
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.limit,
		exitCodes.transfer,
		[exitCodes.canceled[0], 'by the user: left to itself, or canceled elsewhere'],
	],
});
