import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A queue whose builders run `command` in place of a backend (`$DEFINITION`, `$IMAGE`), with one ready. `listen`: where
 * builders do: `ws+unix:` for sockets of this machine, `wss://127.0.0.1:0` for TLS over loopback.
 */
export async function startScriptQueue(
	command,
	{ listen = 'ws+unix:///unused', reserve = 1, place = tmpdir() } = {},
) {
	const directory = await mkdtemp(join(place, 'cb-bench-'));
	const settings = JSON.stringify({ directory, command, listen, reserve });
	const child = spawn(process.execPath, [join(import.meta.dirname, 'script-queue-worker.mjs'), settings], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	let said = '';
	const news = () => once(child.stdout, 'data');
	child.stdout.setEncoding('utf8').on('data', (text) => {
		said += text;
	});
	const url = `ws+unix://${directory}/queue.sock`;
	const ready = async (count) => {
		while ((said.match(/^ready /gm) ?? []).length < count) await news();
	};
	while (!said.includes('listening\n')) await news();
	return {
		url,
		directory,
		pid: child.pid,
		/** Resolves when so many builders have been ready by now. */
		ready,
		close: async () => {
			child.kill('SIGTERM');
			await once(child, 'close');
			await rm(directory, { recursive: true, force: true });
		},
	};
}
