/** A controller that aborts with any of its sources, until it is let go of. */
export interface LinkedSignal {
	readonly signal: AbortSignal;
	abort(reason?: unknown): void;
	/** Takes the listeners off the sources; long-lived sources would keep everything alive otherwise. Idempotent. */
	dispose(): void;
}

/** Links by hand, with a disposer: `AbortSignal.any` leaks where a source lives long. */
export function linkSignal(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
	const controller = new AbortController();
	const undo: (() => void)[] = [];
	for (const source of sources) {
		if (source === undefined) continue;
		if (source.aborted) {
			controller.abort(source.reason);
			break;
		}
		const listener = (): void => controller.abort(source.reason);
		source.addEventListener('abort', listener, { once: true });
		undo.push(() => source.removeEventListener('abort', listener));
	}
	return {
		signal: controller.signal,
		abort: (reason) => controller.abort(reason),
		dispose: () => {
			for (const step of undo.splice(0)) step();
		},
	};
}
