import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Architecture, ContainerBuilderError } from '@olcf/container-builder-core';
import { EMULATORS } from './emulators.js';
import { isEmulated, KERNEL_TABLE } from './is-emulated.js';
import { registration } from './registration.js';

const run = promisify(execFile);

/**
 * Has the kernel hand programs of this architecture to their emulator: in the user namespace of this process, and in
 * those below it. Nothing where it does already. Rejects with `unsupported` where the kernel refuses: it has a table
 * for each user namespace since Linux 6.7.
 */
export async function enableEmulation(architecture: Architecture): Promise<void> {
	if (await isEmulated(architecture)) return;
	try {
		await run('mount', ['-t', 'binfmt_misc', 'binfmt_misc', KERNEL_TABLE]);
		await writeFile(`${KERNEL_TABLE}/register`, registration(EMULATORS[architecture]));
		if (await isEmulated(architecture)) return;
	} catch (error) {
		throw refusal(architecture, error);
	}
	throw refusal(architecture, 'the entry is not there');
}

function refusal(architecture: Architecture, cause: unknown): ContainerBuilderError {
	const reason = cause instanceof Error ? cause.message.trim() : String(cause);
	return new ContainerBuilderError(
		'unsupported',
		`this builder's kernel does not take an emulator for ${architecture}: ${reason}`,
		{ cause, hint: 'Linux 6.7 or later is needed there, or a machine of that architecture.' },
	);
}
