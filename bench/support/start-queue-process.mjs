import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/** A queue in a process of its own, served by `worker` in a directory that goes with it. */
export async function startQueueProcess(worker, settings) {
	const { directory } = settings;
	const child = spawn(process.execPath, [worker, JSON.stringify(settings)], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	let said = '';
	child.stdout.setEncoding('utf8').on('data', (text) => {
		said += text;
	});
	const ended = once(child, 'exit').then(([status]) => {
		throw new Error(`the queue has ended with ${status}`);
	});
	ended.catch(() => {});
	const news = () => Promise.race([once(child.stdout, 'data'), ended]);
	const ready = async (count) => {
		while ((said.match(/^ready /gm) ?? []).length < count) await news();
	};
	while (!said.includes('listening\n')) await news();
	return {
		url: `ws+unix://${directory}/queue.sock`,
		directory,
		pid: child.pid,
		/** Resolves when so many builders have been ready by now. */
		ready,
		close: async () => {
			if (child.exitCode === null) {
				child.kill('SIGTERM');
				await once(child, 'close');
			}
			await rm(directory, { recursive: true, force: true });
		},
	};
}
