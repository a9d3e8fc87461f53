import { join } from 'node:path';
import { WorkerProcess } from '../support/worker-process.mjs';
import { machineBusyMs } from './machine-load.mjs';

/** The queue's process and those of the clients. All times are in milliseconds, all memory in bytes. */
export class Crew {
	queue = new WorkerProcess(join(import.meta.dirname, 'queue-worker.mjs'));
	#clients;
	#profile;

	/** `profile`: what CPU profiles of the queue's phases are named by; undefined: none are made. */
	constructor({ processes, profile }) {
		this.#clients = Array.from(
			{ length: processes },
			() => new WorkerProcess(join(import.meta.dirname, 'clients-worker.mjs')),
		);
		this.#profile = profile;
	}

	get #all() {
		return [this.queue, ...this.#clients];
	}

	each(method, params) {
		return Promise.all(this.#all.map((process) => process.call(method, params)));
	}

	/** Calls each process of clients with its share of `count`, numbered `from` on. */
	share(method, { count = 0, from = 0, ...params }) {
		const { length } = this.#clients;
		return Promise.all(
			this.#clients.map((process, index) => {
				const first = Math.floor((count * index) / length);
				const end = Math.floor((count * (index + 1)) / length);
				return process.call(method, { ...params, count: end - first, from: from + first });
			}),
		);
	}

	/** What everybody uses while `work` goes on, and its result; `load` tells how busy the rest of the machine was, in cores. */
	async measure(phase, work) {
		const profile =
			this.#profile && join(this.#profile.directory, `${this.#profile.run}-${phase}.cpuprofile`);
		await this.each('begin', { profile });
		const busyBefore = machineBusyMs();
		const result = await work();
		const busyMs = machineBusyMs() - busyBefore;
		const [queue, ...clients] = await this.each('end');
		const ownMs = queue.cpuMs + clients.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
		const usage = {
			wallMs: queue.wallMs,
			cpuMs: queue.cpuMs,
			loop: queue.loop,
			places: clients.reduce((sum, { places }) => sum + places, 0),
			clients: clients.map(({ cpuMs, loop }) => ({ cpuMs, loop })),
			load: Math.max(0, busyMs - ownMs) / queue.wallMs,
		};
		return { result, usage, queue, clients };
	}

	/** How much more memory the queue and the clients have, for each of `count`, when `work` is done; and its result. */
	async weigh(count, work) {
		const before = await this.each('memory');
		const result = await work();
		const after = await this.each('memory');
		const perOne = (from, to) =>
			Object.fromEntries(
				['rss', 'heapUsed', 'external'].map((kind) => {
					const sum = (processes) => processes.slice(from, to).reduce((total, one) => total + one[kind], 0);
					return [kind, (sum(after) - sum(before)) / count];
				}),
			);
		return { result, queueMemory: perOne(0, 1), clientMemory: perOne(1) };
	}

	async end() {
		await Promise.all(this.#all.map((process) => process.end()));
	}
}
