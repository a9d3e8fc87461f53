import { type BuildRecord, ContainerBuilderError, type Lease, type Queue } from '../spec/index.js';

/** The lease of a build that runs. Rejects with `not-found` where there is none, and says what has become of the build. */
export async function resumeBuild(buildId: string, queue: Queue, signal: AbortSignal): Promise<Lease> {
	try {
		return await queue.resume(buildId, { signal });
	} catch (caught) {
		const error = ContainerBuilderError.from(caught);
		if (error.code !== 'not-found') throw error;
		const record = await queue.find(buildId, { signal }).catch(() => undefined);
		throw record === undefined ? unknown(buildId) : notRunning(record, error);
	}
}

function unknown(buildId: string): ContainerBuilderError {
	return new ContainerBuilderError('not-found', `the queue knows no build ${buildId} of yours`, {
		hint: 'Builds that ended long ago are forgotten; the ids of the others are listed by the queue.',
	});
}

function notRunning({ buildId, state, error }: BuildRecord, cause: Error): ContainerBuilderError {
	if (state === 'queued') {
		return new ContainerBuilderError('not-found', `the build ${buildId} waits for a builder still`, {
			cause,
			hint: 'It begins when its client has sent what it needs: try again then.',
		});
	}
	const why = error === undefined ? '' : `: ${error.message}`;
	const what = state === 'canceled' ? 'was canceled' : `has ${state}`;
	return new ContainerBuilderError('not-found', `the build ${buildId} is over, it ${what}${why}`, {
		cause,
		hint: 'Its builder is gone, with the output and an image that nobody has fetched.',
	});
}
