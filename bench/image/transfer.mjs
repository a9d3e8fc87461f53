import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startScriptQueue } from '../support/start-script-queue.mjs';
import { peakMemory } from './peak-memory.mjs';

/** Has a builder whose image is `source` (no copy: a hard link) bring it to `target`; the peaks of both ends are in MiB. */
export async function transfer({ source, target, listen, place }) {
	const queue = await startScriptQueue(`ln "${source}" "$IMAGE"`, { listen, place });
	try {
		await queue.ready(1);
		let builder = 0;
		const watching = setInterval(() => {
			for (const pid of daemonsOf(queue.directory)) builder = Math.max(builder, peakMemory(pid));
		}, 20);
		const { stdout } = await promisify(execFile)(process.execPath, [
			join(import.meta.dirname, 'client-worker.mjs'),
			queue.url,
			target,
		]);
		clearInterval(watching);
		const { ms, peak } = JSON.parse(stdout);
		return { ms, peaks: { client: peak, builder } };
	} finally {
		await queue.close();
	}
}

function daemonsOf(directory) {
	return readdirSync('/proc').filter((name) => {
		if (!/^\d+$/.test(name)) return false;
		try {
			const line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
			return line.includes('script-daemon-worker') && line.includes(directory);
		} catch {
			return false;
		}
	});
}
