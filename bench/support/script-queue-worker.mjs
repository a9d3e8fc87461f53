// A queue in a process of its own, whose builders are processes with a script as their backend: started by start-script-queue.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fakeProvider } from '@olcf/container-builder-testing';
import { serveBenchQueue } from './serve-bench-queue.mjs';

const { directory, command, listen, reserve } = JSON.parse(process.argv[2]);
let number = 0;
const provider = fakeProvider({
	capabilities: { listen: { url: listen } },
	onBoot: async (_machine, bootstrap) => {
		const place = join(directory, `builder-${++number}`);
		const text = listen.startsWith('ws+unix:')
			? JSON.stringify({ ...JSON.parse(Buffer.from(bootstrap)), listen: { url: `ws+unix://${place}.sock` } })
			: Buffer.from(bootstrap);
		const child = spawn(
			process.execPath,
			[join(import.meta.dirname, 'script-daemon-worker.mjs'), place, command],
			{
				stdio: ['pipe', 'pipe', 'inherit'],
			},
		);
		child.stdin.end(text);
		const [line] = await once(child.stdout, 'data');
		return {
			endpoint: { url: JSON.parse(line.toString()).url },
			close: async () => {
				if (child.exitCode !== null) return;
				child.kill('SIGKILL');
				await once(child, 'close');
			},
		};
	},
});
await serveBenchQueue({ provider, directory, reserve }, () => provider[Symbol.asyncDispose]());
