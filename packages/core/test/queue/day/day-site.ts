import { ContainerBuilderError, type UserQueue } from '@olcf/container-builder-core';
import type { VirtualClock } from '@olcf/container-builder-testing';
import type { QueueLife, QueueLives } from '../queue-lives.js';

/** Where clients find the queue, in whichever process it lives at present. */
export class DaySite {
	readonly clock: VirtualClock;
	readonly #lives: QueueLives;
	readonly #begin: () => QueueLife;
	#life: QueueLife | undefined;
	#over: Promise<void> = Promise.resolve();
	#wake: (() => void)[] = [];
	#begun = 0;
	/** How long the queue is away when its process ends next. */
	downMs = 0;
	/** Told when a process has ended. */
	onEnd = (): void => {};

	constructor(lives: QueueLives, begin: () => QueueLife) {
		this.clock = lives.clock;
		this.#lives = lives;
		this.#begin = begin;
	}

	/** How many processes there have been. */
	get begun(): number {
		return this.#begun;
	}

	/** The process of this moment, if there is one. */
	get present(): QueueLife | undefined {
		return this.#life?.signal.aborted ? undefined : this.#life;
	}

	pass(ms: number): Promise<void> {
		return new Promise((resolve) => this.clock.schedule(resolve, ms));
	}

	/** Starts a process, and another one whenever it ends. */
	open(): void {
		const life = this.#begin();
		this.#begun++;
		this.#life = life;
		this.#over = new Promise((resolve) => {
			life.signal.addEventListener('abort', () => {
				resolve();
				this.onEnd();
				const { downMs } = this;
				this.downMs = 0;
				this.clock.schedule(() => this.open(), downMs);
			});
		});
		for (const wake of this.#wake.splice(0)) wake();
	}

	/** Does something with the queue, and all over again with the next process when this one ends meanwhile. */
	async withQueue<T>(user: string, run: (queue: UserQueue, life: QueueLife) => Promise<T>): Promise<T> {
		for (;;) {
			const life = this.present;
			if (life === undefined) {
				await new Promise<void>((resolve) => this.#wake.push(resolve));
				continue;
			}
			const over = this.#over;
			try {
				const result = await Promise.race([
					run(life.queue.forUser(user), life).then((value) => ({ value })),
					over,
				]);
				if (result !== undefined && !life.signal.aborted) return result.value;
			} catch (error) {
				if (!life.signal.aborted && ContainerBuilderError.from(error).code !== 'connection-lost') throw error;
			}
			await over;
		}
	}

	advance(ms: number): Promise<void> {
		return this.#lives.advance(ms);
	}
}
