import type { Invocation } from './invocation.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What signals to this process come to. */
export interface Interrupts {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal;
	/** Takes the listeners back. */
	close(): void;
}

/** The first Ctrl-C (or SIGTERM, SIGHUP) calls `onFirst` and asks for an orderly end, the second leaves at once. */
export function listenForInterrupts(invocation: Invocation, onFirst: () => void): Interrupts {
	const controller = new AbortController();
	const listener = (signal: NodeJS.Signals): void => {
		if (controller.signal.aborted) {
			// The spinner hides the cursor, and nobody else will get to show it again.
			if (invocation.stderr.isTTY) invocation.stderr.write('\u001B[?25h\n');
			invocation.exit(130);
			return;
		}
		onFirst();
		controller.abort(new Error(`User requested exit (${signal})`));
	};
	for (const signal of SIGNALS) invocation.signals.on(signal, listener);
	return {
		signal: controller.signal,
		close: () => {
			for (const signal of SIGNALS) invocation.signals.off(signal, listener);
		},
	};
}
