import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spread } from './spread.mjs';
import { WorkerProcess } from './worker-process.mjs';

const WARM_UP = 50;
const QUIET_MS = 4_000;

/**
 * One queue with so many builders leased and so many clients waiting, from the first connection to the last grant.
 * All times are in milliseconds, all memory in bytes.
 */
export async function runScenario(options) {
	const { store, waiting, builders, users, handOuts, rate, churnMs, transport, processes, directory } =
		options;
	const queue = new WorkerProcess('queue-worker.mjs');
	const clients = Array.from({ length: processes }, () => new WorkerProcess('clients-worker.mjs'));
	const all = [queue, ...clients];
	/** Calls each process of clients with its share of `count`. */
	const share = (method, count, params = () => ({})) =>
		Promise.all(
			clients.map((process, index) => {
				const from = Math.floor((count * index) / processes);
				const until = Math.floor((count * (index + 1)) / processes);
				return process.call(method, { count: until - from, ...params(from) });
			}),
		);
	const measured = async (phase, work) => {
		const profile = options.profile && join(options.profile, `${store}-${waiting}-${phase}.cpuprofile`);
		await Promise.all(all.map((process) => process.call('begin', { profile })));
		const result = await work();
		const [ofQueue, ...ofClients] = await Promise.all(all.map((process) => process.call('end')));
		return { result, queue: ofQueue, clients: ofClients };
	};
	const memories = () => Promise.all(all.map((process) => process.call('memory')));
	/** Opens so many clients, and tells what that was like. */
	const open = async (phaseName, count, first) => {
		const before = await memories();
		const phase = await measured(phaseName, () => share('open', count, (from) => ({ from: first + from })));
		const after = await memories();
		const startedAt = Math.min(...phase.result.map((one) => one.startedAt));
		return {
			...usage(phase),
			count,
			admittedMs: phase.queue.lastCheckoutAt - startedAt,
			toldMs: spread(phase.result.flatMap(({ toldMs }) => toldMs)),
			queueMemory: perOne(before.slice(0, 1), after.slice(0, 1), count),
			clientMemory: perOne(before.slice(1), after.slice(1), count),
		};
	};

	try {
		const url = await queue.call('start', {
			store,
			directory,
			transport,
			builders: Math.max(builders, WARM_UP),
		});
		await Promise.all(clients.map((process) => process.call('setUp', { url, users })));

		await share('open', WARM_UP, (from) => ({ from }));
		await share('untilHeld', WARM_UP);
		await Promise.all(clients.map((process) => process.call('close')));
		await queue.call('untilNone');

		const beforeReserve = await memories();
		const reserve = await measured('ready', () => queue.call('reserve', { count: builders }));
		const afterReserve = await memories();
		const ready = {
			...usage(reserve),
			count: builders,
			queueMemory: perOne(beforeReserve.slice(0, 1), afterReserve.slice(0, 1), builders),
		};

		const atOnce = await open('at-once', builders, 0);
		await share('untilHeld', builders);
		const line = await open('line', waiting, builders);
		const quiet = usage(await measured('quiet', () => sleep(QUIET_MS)));

		const everyMs = (1_000 / rate) * processes;
		const steady = await measured('steady', () => share('handOuts', handOuts, () => ({ everyMs })));
		const grants = steady.clients.flatMap((one) => one.grants);

		const churn = await measured('churn', () => share('churn', 0, () => ({ forMs: churnMs })));
		const churned = churn.result.reduce((sum, count) => sum + count, 0);

		return {
			store,
			waiting,
			builders,
			ready,
			atOnce,
			line,
			quiet,
			steady: { ...usage(steady), count: grants.length, ...latencies(steady, grants) },
			churn: { ...usage(churn), count: churned },
			openFiles: await Promise.all(all.map((process) => process.call('openFiles'))),
		};
	} finally {
		await Promise.all(all.map((process) => process.end()));
	}
}

/** What the processes used in a phase. */
function usage({ queue, clients }) {
	const { wallMs, cpuMs, loop } = queue;
	return {
		wallMs,
		cpuMs,
		loop,
		places: clients.reduce((sum, { places }) => sum + places, 0),
		clients: clients.map((one) => ({ cpuMs: one.cpuMs, loop: one.loop })),
	};
}

/** From the moment a builder was ready: until the queue sent the grant, and until the client had it. */
function latencies({ queue }, grants) {
	const readyAt = new Map(queue.readyAt);
	const leasedAt = new Map(queue.leasedAt);
	const known = grants.filter(([builderId]) => readyAt.has(builderId));
	return {
		sentMs: spread(known.map(([builderId]) => leasedAt.get(builderId) - readyAt.get(builderId))),
		handOutMs: spread(known.map(([builderId, at]) => at - readyAt.get(builderId))),
	};
}

function perOne(before, after, count) {
	const sum = (processes, kind) => processes.reduce((total, one) => total + one[kind], 0);
	return Object.fromEntries(
		['rss', 'heapUsed', 'external'].map((kind) => [kind, (sum(after, kind) - sum(before, kind)) / count]),
	);
}
