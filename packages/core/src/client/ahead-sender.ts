import type { Channel, Clock, Frame } from '../spec/index.js';

/**
 * Sends frames of which some are under way while the next ones are made: one that waited for each would leave the link
 * idle meanwhile, and itself while the link is busy. The frames' bytes must not be changed afterwards.
 */
export class AheadSender {
	readonly #channel: Channel;
	readonly #count: number;
	readonly #clock: Clock;
	readonly #underWay: Promise<void>[] = [];
	#handedOver: Promise<unknown> = Promise.resolve();
	#sending = 0;
	#busySince = 0;
	#busyMs = 0;

	/** At most `count` frames are under way at a time. */
	constructor(channel: Channel, { count, clock }: { readonly count: number; readonly clock: Clock }) {
		this.#channel = channel;
		this.#count = count;
		this.#clock = clock;
	}

	/** Milliseconds so far in which the link had something to do. */
	get busyMs(): number {
		return this.#busyMs + (this.#sending > 0 ? this.#clock.now() - this.#busySince : 0);
	}

	/**
	 * Sends a frame that may still be in the making, behind those before. Resolves when there is room for the next one;
	 * rejects with why one of those before could not be made or sent.
	 */
	async send(frame: Promise<Frame>, onSent: () => void): Promise<void> {
		const handedOver = Promise.all([frame, this.#handedOver]).then(([made]) => ({ sent: this.#send(made) }));
		this.#handedOver = handedOver;
		const sending = handedOver.then(({ sent }) => sent).then(onSent);
		// Whoever waits for it gets the failure.
		sending.catch(() => {});
		this.#underWay.push(sending);
		if (this.#underWay.length >= this.#count) await this.#underWay.shift();
	}

	/** Resolves when all are sent. */
	async done(): Promise<void> {
		await Promise.all(this.#underWay.splice(0));
	}

	async #send(frame: Frame): Promise<void> {
		if (this.#sending++ === 0) this.#busySince = this.#clock.now();
		try {
			await this.#channel.send(frame);
		} finally {
			if (--this.#sending === 0) this.#busyMs += this.#clock.now() - this.#busySince;
		}
	}
}
