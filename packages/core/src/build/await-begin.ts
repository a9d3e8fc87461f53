import type { RemoteBuilder } from '../client/remote-builder.js';
import { type BuilderPhase, type BuilderState, type Clock, ContainerBuilderError } from '../spec/index.js';
import { pause } from '../time/pause.js';

const LOOK_MS = 500;
/** In which a build needs its client. */
const NOT_BEGUN: ReadonlySet<BuilderPhase> = new Set(['idle', 'leased', 'uploading']);

/**
 * Waits until a build needs nothing of the client any more that began it; resolves with how it stands then. Rejects with
 * `not-found` where nothing has happened for `patienceMs`: that client may be gone.
 */
export async function awaitBegin(
	builder: Pick<RemoteBuilder, 'state'>,
	{
		clock,
		patienceMs,
		signal,
	}: { readonly clock: Clock; readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<BuilderState> {
	let since = clock.now();
	let sequence: number | undefined;
	for (;;) {
		const state = await builder.state({ signal });
		if (!NOT_BEGUN.has(state.phase)) return state;
		// What arrives shows that its client is there.
		if (state.sequence !== sequence) since = clock.now();
		sequence = state.sequence;
		if (clock.now() - since >= patienceMs) {
			throw new ContainerBuilderError(
				'not-found',
				'the build has not begun: it waits for the files of its client',
				{
					hint: 'Try again when they are there. If that client is gone, begin the build again.',
				},
			);
		}
		await pause(clock, LOOK_MS, signal);
	}
}
