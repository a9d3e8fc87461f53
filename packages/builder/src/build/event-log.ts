import type { BuilderEvent } from '@olcf/container-builder-core';
import { Bell } from './bell.js';

/** `Omit` that keeps the members of a union apart. */
type WithoutNumber<E> = E extends unknown ? Omit<E, 'sequence' | 'elapsedMs'> : never;

/** An event before it has got its number. */
export type NewBuilderEvent = WithoutNumber<BuilderEvent>;

/** All events of one build, numbered from 1, for any number of followers. */
export class EventLog {
	readonly #events: BuilderEvent[] = [];
	readonly #bell = new Bell();
	readonly #elapsedMs: () => number;

	constructor(elapsedMs: () => number) {
		this.#elapsedMs = elapsedMs;
	}

	/** Number of the last event; 0 where there is none. */
	get lastSequence(): number {
		return this.#events.length;
	}

	append(event: NewBuilderEvent): void {
		const numbered = { sequence: this.#events.length + 1, elapsedMs: this.#elapsedMs(), ...event };
		this.#events.push(numbered);
		this.#bell.ring();
	}

	/** The events behind number `after`, then those that come; ends after `end`. */
	async *follow(after: number, signal?: AbortSignal): AsyncIterable<BuilderEvent> {
		for (let next = after; ; next++) {
			if (this.#events.at(-1)?.type === 'end' && next >= this.#events.length) return;
			while (next >= this.#events.length) await this.#bell.wait(signal);
			const event = this.#events[next];
			if (event) yield event;
		}
	}
}
