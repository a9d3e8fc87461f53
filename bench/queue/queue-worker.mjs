import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BuilderQueue, memoryStore } from '@olcf/container-builder-core';
import { lmdbStore, serveQueue } from '@olcf/container-builder-queue';
import { memoryTransport } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { pino } from 'pino';
import { answerCalls } from '../support/answer-calls.mjs';
import { instantProvider } from './instant-provider.mjs';
import { Meter, memory } from './meter.mjs';
import { now } from './now.mjs';
import { openFiles } from './open-files.mjs';
import { PhaseProfile } from './phase-profile.mjs';

const CREATE_CONCURRENCY = 100;
const OWNER = 'bench';

const meter = new Meter();
const profile = new PhaseProfile();
/** By builder id: when it was ready, and when the queue began to tell whoever has it. */
let readyAt = new Map();
let leasedAt = new Map();
let lastCheckoutAt;
let queue;
let server;
let logFile;
let onEvent = () => {};

/** A token is a user's name here. */
const byName = {
	specificationVersion: 'v1',
	name: 'bench',
	authenticate: async ({ token }) => ({ user: token, groups: [], method: 'name' }),
};

function poolOf(builders, reserve) {
	return { pool: { max: builders, reserve, createConcurrency: CREATE_CONCURRENCY } };
}

/** Resolves when so many builders are in these states. */
function builders(states, count) {
	return new Promise((resolve) => {
		const look = async () => {
			const found = (await queue.status()).builders.filter(({ state }) => states.includes(state)).length;
			if (found !== count) return;
			onEvent = () => {};
			resolve();
		};
		let events = 0;
		// A status is not free: it is asked for when it may be enough.
		onEvent = ({ type }) => {
			if ((type === 'builder-ready' || type === 'builder-gone') && ++events >= count) setImmediate(look);
		};
		void look();
	});
}

answerCalls(
	{
		/** Starts it as `queueService` does; resolves with its URL. */
		start: async ({ store, directory, transport, builders }) => {
			mkdirSync(directory, { recursive: true, mode: 0o700 });
			logFile = openSync(join(directory, 'log'), 'w');
			const logger = pino({ name: 'cb-queue' }, { write: (line) => void writeSync(logFile, line) });
			const memories = memoryTransport();
			const sockets = ws({ insecure: true });
			queue = new BuilderQueue({
				...poolOf(builders, 0),
				provider: instantProvider(memories),
				transports: [memories, sockets],
				owner: OWNER,
				store: store === 'memory' ? memoryStore() : lmdbStore({ directory: join(directory, 'store') }),
				logger,
			});
			queue.on('event', ({ type, time: _time, ...fields }) => logger.info(fields, type));
			queue.on('event', (event) => {
				if (event.type === 'builder-ready') readyAt.set(event.builderId, now());
				else if (event.type === 'lease-start') leasedAt.set(event.builderId, now());
				else if (event.type === 'checkout-start') lastCheckoutAt = now();
				onEvent(event);
			});
			await queue.acquire();
			const url = transport === 'tcp' ? 'ws://127.0.0.1:0' : `ws+unix://${join(directory, 'socket')}`;
			server = await serveQueue({
				queue,
				transport: sockets,
				listen: [url],
				authenticators: [byName],
				logger,
			});
			await queue.start();
			return server.endpoints[0].url;
		},
		/** Has so many ready. */
		reserve: async ({ count }) => {
			queue.configure(poolOf(count, count));
			await builders(['ready'], count);
		},
		/** Resolves when none is left. */
		untilNone: () => builders(['creating', 'booting', 'ready', 'leased', 'destroying', 'failed'], 0),
		begin: async (options) => {
			readyAt = new Map();
			leasedAt = new Map();
			await profile.start(options.profile);
			meter.start();
		},
		end: async () => {
			const used = meter.stop();
			await profile.stop();
			return { ...used, readyAt: [...readyAt], leasedAt: [...leasedAt], lastCheckoutAt };
		},
		memory,
		openFiles,
	},
	async () => {
		await server?.close();
		await queue?.handOver();
		if (logFile !== undefined) closeSync(logFile);
	},
);
