// The queue's process: as `cb-queue` runs it, with its durable store, and machines that another process keeps.
import { join } from 'node:path';
import { BuilderQueue } from '@olcf/container-builder-core';
import { lmdbStore, noneAuthenticator, serveQueue } from '@olcf/container-builder-queue';
import { ws } from '@olcf/container-builder-transport-ws';
import { answerCalls } from '../support/answer-calls.mjs';
import { memory } from './memory.mjs';
import { socketProvider } from './socket-provider.mjs';

const handOuts = [];
const readyAt = new Map();
let close = async () => {};

answerCalls(
	{
		memory,
		/** Milliseconds from a builder's being ready until somebody had it, since the last time this was asked. */
		handOuts: () => handOuts.splice(0),
		start: async ({ directory, machines, pool }) => {
			const queue = new BuilderQueue({
				provider: socketProvider({ directory, machines }),
				transports: [ws()],
				owner: 'soak',
				store: lmdbStore({ directory: join(directory, 'store') }),
				pool,
			});
			queue.on('builder-ready', ({ builderId }) => readyAt.set(builderId, performance.now()));
			queue.on('lease-start', ({ builderId }) => {
				handOuts.push(performance.now() - readyAt.get(builderId));
				readyAt.delete(builderId);
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
