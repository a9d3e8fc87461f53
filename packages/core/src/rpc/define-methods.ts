import type * as z from 'zod';

/** One method of a channel: what it takes, gives, and, for streams, what it tells in between. */
export interface Method {
	readonly params: z.ZodType;
	readonly result: z.ZodType;
	readonly event?: z.ZodType;
}

/** The methods of one channel by name. */
export type MethodMap = Readonly<Record<string, Method>>;

/** What schemas call by its mutable type, from whoever has it as `readonly`. */
export type Immutable<T> = T extends readonly (infer E)[]
	? readonly Immutable<E>[]
	: T extends object
		? { readonly [K in keyof T]: Immutable<T[K]> }
		: T;

/** What method `N` takes. */
export type Params<M extends MethodMap, N extends keyof M> = z.output<M[N]['params']>;
/** What method `N` answers. */
export type Result<M extends MethodMap, N extends keyof M> = z.output<M[N]['result']>;
/** What method `N` tells before it answers; `never` where it tells nothing. */
export type StreamEvent<M extends MethodMap, N extends keyof M> = M[N] extends {
	readonly event: infer E extends z.ZodType;
}
	? z.output<E>
	: never;

/** Fixes the types of a method map. */
export function defineMethods<const M extends MethodMap>(methods: M): M {
	return methods;
}
