import { Interrupted } from './interrupted.js';
import type { Invocation } from './invocation.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What signals to this process come to. */
export interface Interrupts {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal;
	/** Takes the listeners back. */
	close(): void;
}

/**
 * The first Ctrl-C (or SIGTERM, SIGHUP) calls `onFirst` and asks for an orderly end, the second Ctrl-C or SIGTERM leaves
 * at once.
 */
export function listenForInterrupts(invocation: Invocation, onFirst: () => void): Interrupts {
	const controller = new AbortController();
	const listener = (signal: NodeJS.Signals): void => {
		if (controller.signal.aborted) {
			// One lost terminal is told twice: by the kernel, and by the shell.
			if (signal === 'SIGHUP') return;
			// The spinner hides the cursor, and nobody else will get to show it again.
			if (invocation.stderr.isTTY) invocation.stderr.write('\u001B[?25h\n');
			invocation.exit(130);
			return;
		}
		onFirst();
		controller.abort(new Interrupted(signal));
	};
	for (const signal of SIGNALS) invocation.signals.on(signal, listener);
	return {
		signal: controller.signal,
		close: () => {
			for (const signal of SIGNALS) invocation.signals.off(signal, listener);
		},
	};
}
