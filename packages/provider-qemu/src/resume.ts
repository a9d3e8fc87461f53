import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { consoleSays } from './console-says.js';
import { machineFiles } from './machine-record.js';
import type { ProcessIdentity } from './process-identity.js';
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
		await consoleSays({
			...{ console: at(machineFiles.console), text: `resumed as ${address}`, process, signal },
			...{ limitMs: RESUME_MS, otherwise: 'the machine does not go on from its snapshot' },
		});
	} finally {
		port.destroy();
	}
}
