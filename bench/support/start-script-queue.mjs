import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startQueueProcess } from './start-queue-process.mjs';

/**
 * A queue whose builders run `command` in place of a backend (`$DEFINITION`, `$IMAGE`), with one ready. `listen`: where
 * builders do: `ws+unix:` for sockets of this machine, `wss://127.0.0.1:0` for TLS over loopback.
 */
export async function startScriptQueue(
	command,
	{ listen = 'ws+unix:///unused', reserve = 1, place = tmpdir() } = {},
) {
	const directory = await mkdtemp(join(place, 'cb-bench-'));
	const worker = join(import.meta.dirname, 'script-queue-worker.mjs');
	return await startQueueProcess(worker, { directory, command, listen, reserve });
}
