import { randomUUID } from 'node:crypto';
import { RemoteQueue } from '@olcf/container-builder-core';
import { now } from './now.mjs';

/** Signs of life, as often as the SDK gives them: a third of the queue's `idleMs`. */
const RENEW_MS = 20_000;

/** One client of the queue, with a connection of its own. */
export class WaitingClient {
	/** Places it was told of. */
	places = 0;
	#queue;
	#events;
	#lease;
	#renewing;

	/** `events`: `onPlace(client, ms)` at the first place of a checkout, `onGrant(client, builderId, at)`. */
	constructor({ url, user, transport, events }) {
		this.#queue = new RemoteQueue({ endpoint: url, transports: [transport], token: user, insecure: true });
		this.#events = events;
	}

	checkout() {
		const since = now();
		const checkout = this.#queue.checkout({ buildId: randomUUID() });
		void this.#follow(checkout, since);
		checkout.granted.then(
			({ lease }) => {
				this.#lease = lease;
				this.#renewing = setInterval(() => void lease.renew(), RENEW_MS);
				this.#events.onGrant(this, lease.builderId, now());
			},
			(error) => this.#events.onError(error),
		);
	}

	async release() {
		clearInterval(this.#renewing);
		await this.#lease.release({ status: 'succeeded' });
	}

	/** Resolves with the milliseconds that it took. */
	async status() {
		const since = now();
		await this.#queue.status();
		return now() - since;
	}

	async close() {
		clearInterval(this.#renewing);
		await this.#queue.close();
	}

	async #follow(checkout, since) {
		let isFirst = true;
		for await (const { type } of checkout) {
			if (type !== 'place') return;
			this.places++;
			if (isFirst) this.#events.onPlace(this, now() - since);
			isFirst = false;
		}
	}
}
