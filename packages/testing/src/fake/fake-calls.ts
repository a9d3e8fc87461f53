import type { Clock, ContainerBuilderError } from '@olcf/container-builder-core';
import type { FakeCall } from './fake-script.js';

interface Trouble {
	readonly method: FakeCall['method'];
	/** Undefined: no answer at all. */
	readonly error: ContainerBuilderError | undefined;
}

/** The calls that were made of a fake provider, and what is to go wrong with the next ones. */
export class FakeCalls {
	readonly made: FakeCall[] = [];
	readonly #clock: Clock;
	readonly #troubles: Trouble[] = [];

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Lets the next calls of a method reject; without an error they are never answered. */
	trouble(trouble: Trouble, times: number): void {
		for (let count = 0; count < times; count++) this.#troubles.push(trouble);
	}

	/** Takes note of a call, and makes it unless it is to go wrong. */
	async make<T>(
		method: FakeCall['method'],
		target: { readonly owner?: string; readonly builderId?: string },
		run: () => Promise<T>,
	): Promise<T> {
		const { owner, builderId } = target;
		const index = this.made.length;
		const call: FakeCall = { method, atMs: this.#clock.now(), owner, builderId, state: 'pending' };
		this.made.push(call);
		try {
			await this.#meetTrouble(method);
			const result = await run();
			this.made[index] = { ...call, state: 'resolved' };
			return result;
		} catch (error) {
			this.made[index] = { ...call, state: 'rejected', error };
			throw error;
		}
	}

	async #meetTrouble(method: FakeCall['method']): Promise<void> {
		const next = this.#troubles.findIndex((one) => one.method === method);
		if (next === -1) return;
		const [trouble] = this.#troubles.splice(next, 1);
		if (trouble?.error !== undefined) throw trouble.error;
		await new Promise(() => {});
	}
}
