/** What is being done for somebody, so that it can be waited for. */
export class InFlight {
	readonly #running = new Set<Promise<unknown>>();

	/** Counts it until it is settled; returns it. */
	track<T>(running: Promise<T>): Promise<T> {
		this.#running.add(running);
		const done = (): void => {
			this.#running.delete(running);
		};
		running.then(done, done);
		return running;
	}

	/** Resolves when nothing is being done, at the latest after `limitMs`. */
	async settled(limitMs: number): Promise<void> {
		await within(limitMs, Promise.allSettled([...this.#running]));
	}
}

/** Resolves when `work` is settled, at the latest after `limitMs`. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
	await new Promise<void>((resolve) => {
		const timer = setTimeout(resolve, limitMs);
		const done = (): void => {
			clearTimeout(timer);
			resolve();
		};
		work.then(done, done);
	});
}
