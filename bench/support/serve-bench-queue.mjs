import { BuilderQueue } from '@olcf/container-builder-core';
import { noneAuthenticator, serveQueue } from '@olcf/container-builder-queue';
import { ws } from '@olcf/container-builder-transport-ws';

/** Serves a queue of this process at `DIRECTORY/queue.sock`, and prints `listening` and `ready ID`; until SIGTERM. */
export async function serveBenchQueue({ provider, directory, reserve }, onEnd = async () => {}) {
	const queue = new BuilderQueue({
		provider,
		transports: [ws()],
		owner: 'bench',
		pool: { max: reserve + 1, reserve },
	});
	await queue.start();
	const server = await serveQueue({
		queue,
		transport: ws(),
		listen: [`ws+unix://${directory}/queue.sock`],
		authenticators: [noneAuthenticator()],
	});
	queue.on('builder-ready', ({ builderId }) => process.stdout.write(`ready ${builderId}\n`));
	process.stdout.write('listening\n');
	process.once('SIGTERM', async () => {
		await server.close();
		await queue.close();
		await onEnd();
		process.exit(0);
	});
}
