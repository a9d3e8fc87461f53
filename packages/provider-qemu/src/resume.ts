import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { machineFiles } from './machine-record.js';
import { isRunning, type ProcessIdentity } from './process-identity.js';
import { Qmp } from './qmp.js';

/** How long a machine may take to go on; emulated it takes less than a second. */
const RESUME_MS = 20_000;
const SEED_BYTES = 64;

/**
 * Has a machine go on that stands where its snapshot was taken: it hears the time, its address and a seed first, and
 * this resolves when it is somebody of its own. Rejects with `provider-unavailable` where it does not get there.
 */
export async function resume(
	directory: string,
	{
		address,
		process,
		signal,
	}: {
		readonly address: string;
		readonly process: ProcessIdentity;
		readonly signal: AbortSignal | undefined;
	},
): Promise<void> {
	const at = (name: string): string => join(directory, name);
	const port = connect(at(machineFiles.port));
	try {
		await once(port, 'connect');
		port.on('error', () => {});
		const qmp = await Qmp.connect(at(machineFiles.qmp), { timeoutMs: RESUME_MS });
		try {
			port.write(`${Date.now()} ${address} ${randomBytes(SEED_BYTES).toString('hex')}\n`);
			await qmp.execute('cont');
		} finally {
			qmp.close();
		}
		const deadline = performance.now() + RESUME_MS;
		for (;;) {
			const said = await readFile(at(machineFiles.console), 'utf8').catch(() => '');
			if (said.includes(`container-builder: resumed as ${address}`)) return;
			throwIfAborted(signal);
			if (performance.now() > deadline || !(await isRunning(process))) {
				const last = said.trim().split('\n').at(-1);
				throw new ContainerBuilderError(
					'provider-unavailable',
					`the machine does not go on from its snapshot${last ? `: ${last}` : ''}`,
					{ outcome: 'none' },
				);
			}
			await sleep(10);
		}
	} finally {
		port.destroy();
	}
}
