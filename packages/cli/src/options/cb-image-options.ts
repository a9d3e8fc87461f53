import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption } from './shared-options.js';

const imageExitCodes = [exitCodes.success, exitCodes.usage, exitCodes.infrastructure, exitCodes.canceled];

/** `cb-image make`. */
export const cbImageMakeCommand = defineCommand({
	name: 'cb-image make',
	summary: 'Makes the builder image: Debian with apptainer, buildah, Node and the daemon of this version.',
	details: [
		'What is there already is used: a new daemon does not rebuild the Debian tree, and without --refresh no network ' +
			'is needed for it. The path of the image is printed on stdout.',
	],
	options: [
		{
			name: 'format',
			type: 'text',
			choices: ['rootfs', 'raw', 'qcow2'],
			description:
				'rootfs: a tree for sandboxes of this machine; raw, qcow2: the disk of a virtual machine, here or in a cloud (as root)',
			defaultText: 'rootfs',
		},
		{
			name: 'mirror',
			type: 'text',
			placeholder: 'URL',
			description: 'the Debian mirror',
			defaultText: "the one that this machine's apt uses",
		},
		{
			name: 'allow-expired-release',
			type: 'boolean',
			description:
				'take package indexes although they are past their date; signatures are checked all the same',
		},
		{
			name: 'apptainer-deb',
			type: 'text',
			placeholder: 'FILE',
			description: "install this Debian package of apptainer instead of the mirror's",
		},
		{ name: 'refresh', type: 'boolean', description: 'ask the mirror for newer packages' },
		{ name: 'debug', type: 'boolean', description: 'show the output of apt and mmdebstrap' },
		jsonOption,
	],
	examples: [
		{ line: 'cb-image make', description: 'once, and after each update of container-builder' },
		{
			line: 'cb-image make --format qcow2',
			description: 'a disk for virtual machines; prints its directory',
		},
		{ line: 'cb-image make --mirror http://mirror.example/debian', description: 'from a mirror of the site' },
	],
	exitCodes: imageExitCodes,
});

/** `cb-image list`. */
export const cbImageListCommand = defineCommand({
	name: 'cb-image list',
	summary: 'Shows the builder image of this machine and what is in it.',
	options: [jsonOption],
	exitCodes: [...imageExitCodes],
});

/** `cb-image path`. */
export const cbImagePathCommand = defineCommand({
	name: 'cb-image path',
	summary: 'Prints the directory of the builder image of this machine.',
	options: [jsonOption],
	exitCodes: [...imageExitCodes],
});
