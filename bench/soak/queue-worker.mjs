// The queue's process: as `cb-queue` runs it, with its durable store, and machines that another process keeps.
import { join } from 'node:path';
import { BuilderQueue } from '@olcf/container-builder-core';
import { lmdbStore, noneAuthenticator, serveQueue } from '@olcf/container-builder-queue';
import { ws } from '@olcf/container-builder-transport-ws';
import { answerCalls } from '../support/answer-calls.mjs';
import { memory } from './memory.mjs';
import { socketProvider } from './socket-provider.mjs';

let close = async () => {};

answerCalls(
	{
		memory,
		start: async ({ directory, machines }) => {
			const queue = new BuilderQueue({
				provider: socketProvider({ directory, machines }),
				transports: [ws()],
				owner: 'soak',
				store: lmdbStore({ directory: join(directory, 'store') }),
				pool: { max: 4, reserve: 2 },
			});
			await queue.start();
			const url = `ws+unix://${directory}/queue.sock`;
			const server = await serveQueue({
				queue,
				transport: ws(),
				listen: [url],
				authenticators: [noneAuthenticator()],
			});
			close = async () => {
				await server.close();
				await queue.close();
			};
			return url;
		},
	},
	() => close(),
);
