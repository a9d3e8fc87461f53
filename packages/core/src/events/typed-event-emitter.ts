import { EventEmitter } from 'node:events';
import type TypedEmitter from 'typed-emitter';
import type { Emitter, EventMap } from '../spec/index.js';

// The library's own constraint is written with `any`; M is checked by EventMap.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Listener = (...values: any[]) => void;

/**
 * The emitter behind every {@link Emitter} of this project, and the one file that knows which library types it.
 * `emit` calls the listeners at once, in order; one that throws is reported as a process warning and does not
 * stop the others.
 */
export class TypedEventEmitter<M extends EventMap<M>> implements Emitter<M> {
	readonly #emitter = new EventEmitter() as TypedEmitter.default<Record<string, Listener>>;

	constructor() {
		this.#emitter.setMaxListeners(0);
	}

	on<E extends keyof M & string>(event: E, listener: M[E]): this {
		this.#emitter.on(event, listener);
		return this;
	}

	once<E extends keyof M & string>(event: E, listener: M[E]): this {
		this.#emitter.once(event, listener);
		return this;
	}

	off<E extends keyof M & string>(event: E, listener: M[E]): this {
		this.#emitter.off(event, listener);
		return this;
	}

	/** For the owner only. */
	emit<E extends keyof M & string>(event: E, ...values: Parameters<M[E]>): void {
		for (const listener of this.#emitter.rawListeners(event)) {
			try {
				(listener as (...values: Parameters<M[E]>) => void)(...values);
			} catch (error) {
				process.emitWarning(`a listener of '${event}' threw: ${String(error)}`, 'ContainerBuilderWarning');
			}
		}
	}
}
