import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { answerCalls } from '../support/answer-calls.mjs';
import { Meter, memory } from './meter.mjs';
import { now } from './now.mjs';
import { openFiles } from './open-files.mjs';
import { WaitingClient } from './waiting-client.mjs';

/** Connections that are made at a time. */
const CONNECTING = 256;

const transport = ws({ insecure: true });
const meter = new Meter();
const clients = [];
/** Those that have a builder, longest first. */
const holders = new Set();
let address;
let churning = false;
let churned = 0;
let grants = [];
let failure;
let onGranted = () => {};

const events = {
	onPlace: (client, ms) => client.onPlace?.(ms),
	onGrant: (client, builderId, at) => {
		grants.push([builderId, at]);
		if (churning) {
			churned++;
			void turn(client);
		} else {
			holders.add(client);
			onGranted();
		}
		client.onPlace?.();
	},
	onError: (error) => {
		failure = error;
		onGranted();
	},
};

/** Gives the builder back, and comes again. */
async function turn(client) {
	holders.delete(client);
	await client.release();
	client.checkout();
}

/** Resolves when so many have a builder. */
function untilHeld(count) {
	return new Promise((resolve, reject) => {
		onGranted = () => {
			if (failure !== undefined) reject(failure);
			else if (holders.size >= count) resolve();
		};
		onGranted();
	});
}

/** A client that checks out. `told`: the milliseconds until it heard its place, undefined where it was granted at once. */
function open(index) {
	const { url, users } = address;
	const [connected, told] = [deferred(), deferred()];
	const client = new WaitingClient({
		url,
		user: `user-${index % users}`,
		transport: {
			...transport,
			connect: async (...request) => {
				const channel = await transport.connect(...request);
				connected.resolve();
				return channel;
			},
		},
		events,
	});
	clients.push(client);
	client.onPlace = (ms) => {
		client.onPlace = undefined;
		told.resolve(ms);
	};
	client.checkout();
	return { connected: connected.promise, told: told.promise };
}

answerCalls({
	setUp: ({ url, users }) => {
		address = { url, users };
	},
	/** Opens so many, numbered `from` on; resolves when each has a place or a builder. */
	open: async ({ count, from }) => {
		const startedAt = now();
		const opened = [];
		let next = from;
		const work = async () => {
			while (next < from + count) {
				const { connected, told } = open(next++);
				opened.push(told);
				await connected;
			}
		};
		await Promise.all(Array.from({ length: CONNECTING }, work));
		const toldMs = await Promise.all(opened);
		if (failure !== undefined) throw failure;
		return { startedAt, toldMs: toldMs.filter((ms) => ms !== undefined) };
	},
	untilHeld: ({ count }) => untilHeld(count),
	/** Gives back so many builders, one at a time, each of whose holders comes again; resolves when as many were granted. */
	handOuts: async ({ count, everyMs }) => {
		const held = holders.size;
		const began = now();
		for (let number = 0; number < count; number++) {
			await sleep(Math.max(0, began + number * everyMs - now()));
			const [longest] = holders;
			void turn(longest);
		}
		await untilHeld(held);
	},
	/** Each gives back at once what it gets. Tells how many were granted. */
	churn: async ({ forMs }) => {
		churned = 0;
		churning = true;
		for (const client of [...holders]) void turn(client);
		await sleep(forMs);
		churning = false;
		return churned;
	},
	/** One asks for the status so many times; resolves with the milliseconds that each took. */
	status: async ({ times }) => {
		const ms = [];
		for (let time = 0; time < times; time++) ms.push(await clients[0].status());
		return ms;
	},
	/** Closes all. */
	close: async () => {
		await Promise.all([...holders].map((client) => client.release()));
		holders.clear();
		await Promise.all(clients.splice(0).map((client) => client.close()));
	},
	begin: () => {
		grants = [];
		for (const client of clients) client.places = 0;
		meter.start();
	},
	end: () => ({ ...meter.stop(), grants, places: clients.reduce((sum, { places }) => sum + places, 0) }),
	memory,
	openFiles,
});
