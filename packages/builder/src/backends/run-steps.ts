import type { BackendOptions, BackendResult, TerminalSize } from '@olcf/container-builder-core';
import { type ProcessRequest, runProcess } from '../process/run-process.js';

/** One of several programs that make up a build. */
export interface Step {
	readonly request: ProcessRequest;
	/** What the output says should it fail: a line without its end. */
	readonly failure: string;
}

/**
 * Runs programs one after the other, as if they were one: each is told of signals and sizes, and the first that fails
 * is the result. What is told of the start is the first one's.
 */
export async function runSteps(
	steps: readonly [Step, ...Step[]],
	options: BackendOptions,
): Promise<BackendResult> {
	let size: TerminalSize | undefined;
	let listener: ((size: TerminalSize) => void) | undefined;
	options.onResize?.((next) => {
		size = next;
		listener?.(next);
	});
	let result: BackendResult = { exitCode: 0, signal: null };
	for (const [index, { request, failure }] of steps.entries()) {
		listener = undefined;
		result = await runProcess(
			{ ...request, ...(request.terminal && size ? { terminal: size } : {}) },
			{
				...options,
				onStart: (command) => {
					if (index === 0) options.onStart(command);
				},
				onResize: (listen) => {
					listener = listen;
				},
			},
		);
		if (result.exitCode !== 0) {
			const end = request.terminal ? '\r\n' : '\n';
			// Who has ended it knows why.
			if (!options.signal?.aborted) await options.onOutput(Buffer.from(`${failure}${end}`));
			return result;
		}
	}
	return result;
}
