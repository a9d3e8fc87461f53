import { ContainerBuilderError } from '../../spec/index.js';
import { withTimeLimit } from '../../time/time-limit.js';
import type { BuilderSurroundings } from './builder-surroundings.js';

/**
 * Waits for a builder to answer, no longer than it may take. `work` tells of what went wrong on the way; the last of
 * it stands in the error `boot-timeout`.
 */
export async function withBootLimit(
	{ clock, pool: { bootTimeoutMs } }: Pick<BuilderSurroundings, 'clock' | 'pool'>,
	signal: AbortSignal,
	work: (signal: AbortSignal, onFailure: (error: unknown) => void) => Promise<void>,
): Promise<void> {
	let last: unknown;
	const onTimeout = (): ContainerBuilderError => {
		const why = last === undefined ? '' : `: ${ContainerBuilderError.from(last).message}`;
		return new ContainerBuilderError(
			'boot-timeout',
			`the builder did not answer within ${bootTimeoutMs / 1000} s${why}`,
			{ cause: last },
		);
	};
	await withTimeLimit({ clock, limitMs: bootTimeoutMs, signal, onTimeout }, (limited) =>
		work(limited, (error) => {
			last = error;
		}),
	);
}
