import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './now.mjs';

const RESOLUTION_MS = 2;

/** What a process uses, between `start` and `stop`. */
export class Meter {
	#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
	#cpu;
	#since;

	start() {
		this.#delays.reset();
		this.#delays.enable();
		this.#cpu = process.cpuUsage();
		this.#since = now();
	}

	/** Milliseconds. How late the event loop was is what its timers were behind their time. */
	stop() {
		const { user, system } = process.cpuUsage(this.#cpu);
		this.#delays.disable();
		const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
		return {
			wallMs: now() - this.#since,
			cpuMs: (user + system) / 1_000,
			loop: {
				p50: late(this.#delays.percentile(50)),
				p99: late(this.#delays.percentile(99)),
				max: late(this.#delays.max),
			},
		};
	}
}

/** Bytes, after garbage was collected. */
export async function memory() {
	for (let round = 0; round < 3; round++) {
		globalThis.gc();
		await sleep(100);
	}
	const { rss, heapUsed, external } = process.memoryUsage();
	return { rss, heapUsed, external };
}
