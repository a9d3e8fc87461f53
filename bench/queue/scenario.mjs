import { setTimeout as sleep } from 'node:timers/promises';
import { Crew } from './crew.mjs';
import { spread } from './spread.mjs';

const WARM_UP = 50;
const LONGEST_QUIET_MS = 4_000;
const STATUS_TIMES = 5;

/**
 * One queue with so many builders leased and so many clients waiting, from the first connection to the last grant.
 * All times are in milliseconds, all memory in bytes.
 */
export async function runScenario(options) {
	const { store, waiting, builders, users, handOuts, rate, churnMs, transport, processes } = options;
	const { directory, profile } = options;
	const crew = new Crew({
		processes,
		profile: profile && { directory: profile, run: `${store}-${waiting}` },
	});
	const { queue } = crew;
	try {
		const max = Math.max(builders, WARM_UP);
		const url = await queue.call('start', { store, directory, transport, builders: max });
		await crew.share('setUp', { url, users });
		await warmUp(crew);

		const reserve = () => crew.measure('ready', () => queue.call('reserve', { count: builders }));
		const { result: made, queueMemory } = await crew.weigh(builders, reserve);
		const atOnce = await open(crew, 'at-once', { count: builders, from: 0 });
		await crew.share('untilHeld', { count: builders });
		const line = await open(crew, 'line', { count: waiting, from: builders });
		const statusMs = (await crew.share('status', { times: STATUS_TIMES })).flat();
		const quiet = await crew.measure('quiet', () => sleep(Math.min(churnMs, LONGEST_QUIET_MS)));

		const everyMs = (1_000 / rate) * processes;
		const steady = await crew.measure('steady', () => crew.share('handOuts', { count: handOuts, everyMs }));
		const churn = await crew.measure('churn', () => crew.share('churn', { forMs: churnMs }));
		return {
			...{ store, waiting, builders, users, transport },
			ready: { ...made.usage, count: builders, queueMemory },
			atOnce,
			line,
			status: spread(statusMs),
			quiet: quiet.usage,
			steady: { ...steady.usage, count: handOuts, ...latencies(steady) },
			churn: {
				...churn.usage,
				count: churn.result.reduce((sum, count) => sum + count, 0),
				...latencies(churn),
			},
			openFiles: await crew.each('openFiles'),
		};
	} finally {
		await crew.end();
	}
}

/** What is compiled, and allocated once, is not to count. */
async function warmUp(crew) {
	await crew.share('open', { count: WARM_UP });
	await crew.share('untilHeld', { count: WARM_UP });
	await crew.share('close', {});
	await crew.queue.call('untilNone');
}

/** Opens so many clients, and tells what that was like. */
async function open(crew, phase, { count, from }) {
	const { result, queueMemory, clientMemory } = await crew.weigh(count, () =>
		crew.measure(phase, () => crew.share('open', { count, from })),
	);
	const startedAt = Math.min(...result.result.map((one) => one.startedAt));
	return {
		...result.usage,
		count,
		admittedMs: result.queue.lastCheckoutAt - startedAt,
		toldMs: spread(result.result.flatMap(({ toldMs }) => toldMs)),
		queueMemory,
		clientMemory,
	};
}

/** From the moment a builder was ready: until the queue sent the grant, and until the client had it. */
function latencies({ queue, clients }) {
	const readyAt = new Map(queue.readyAt);
	const leasedAt = new Map(queue.leasedAt);
	const grants = clients.flatMap((one) => one.grants).filter(([builderId]) => readyAt.has(builderId));
	return {
		sentMs: spread(grants.map(([builderId]) => leasedAt.get(builderId) - readyAt.get(builderId))),
		handOutMs: spread(grants.map(([builderId, at]) => at - readyAt.get(builderId))),
	};
}
