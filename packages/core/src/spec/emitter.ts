/** Maps an event's name to the function that listens to it. Event maps are plain `interface`s. */
// `any`, since parameters of listeners are contravariant: no other type accepts them all.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type EventMap<M> = { readonly [K in keyof M]: (...values: any[]) => void };

/**
 * The part of an event emitter that is for everybody: to listen. Only the owner emits.
 *
 * An unknown event or a listener of the wrong type is a compile-time error. A listener that throws is reported
 * as a process warning; it never breaks what emitted. No event is named `error`.
 */
export interface Emitter<M extends EventMap<M>> {
	/** Calls `listener` at every `event` from now on. */
	on<E extends keyof M & string>(event: E, listener: M[E]): this;
	/** Calls `listener` at the next `event` only. */
	once<E extends keyof M & string>(event: E, listener: M[E]): this;
	/** Takes back what `on` or `once` did; unknown listeners are ignored. */
	off<E extends keyof M & string>(event: E, listener: M[E]): this;
}
