import {
	type Builder,
	type BuilderEvent,
	ContainerBuilderError,
	type ImageDigest,
	isContainerBuilderError,
} from '../spec/index.js';
import type { BuildSession } from './build-session.js';

/**
 * Watches a builder until its build has ended, publishing what happens there. Output comes over a connection of its
 * own: all of it is published before `backend-end`, and before this resolves with the image. Rejects with what the
 * build ended with.
 */
export async function followBuilder(
	session: BuildSession,
	builder: Builder,
	signal: AbortSignal,
): Promise<ImageDigest> {
	let output: Promise<void> | undefined;
	let image: ImageDigest | undefined;
	let backendEnded = false;
	const beginOutput = (): void => {
		if (session.state === 'connecting' || session.state === 'uploading') session.moveTo('building');
		output ??= readOutput(session, builder, signal);
		output.catch(() => {});
	};
	const states = builder.states({ after: session.builderSequence, signal });
	try {
		for await (const event of states) {
			if (event.type === 'phase' && event.phase === 'building') beginOutput();
			// Once: what a builder says, however often, must not fill the log.
			if (event.type === 'bases' && session.bases === undefined) {
				session.bases = event.bases;
				session.publish({ type: 'bases', bases: event.bases });
			}
			if (event.type === 'backend-start' && !session.backendStarted) {
				session.backendStarted = true;
				beginOutput();
				const { backend, command } = event;
				session.publish({ type: 'backend-start', backend, command });
			}
			if (event.type === 'limits' || event.type === 'limit-near' || event.type === 'emulation') {
				const { sequence: _sequence, elapsedMs: _elapsedMs, ...news } = event;
				session.circumstance(news);
			}
			if (event.type === 'backend-end' && !backendEnded) {
				backendEnded = true;
				session.backendExitCode = event.exitCode ?? undefined;
				await output;
				session.publish({ type: 'backend-end', exitCode: event.exitCode, signal: event.signal });
			}
			if (event.type === 'image') image = { size: event.size, sha256: event.sha256 };
			session.builderSequence = event.sequence;
			if (event.type !== 'end') continue;
			await output;
			session.failedOnBuilder = event.phase !== 'built';
			return ended(event, image);
		}
	} catch (error) {
		await settleOutput(output, error);
		throw error;
	}
	throw new ContainerBuilderError('protocol', 'the builder told no end of the build');
}

async function readOutput(session: BuildSession, builder: Builder, signal: AbortSignal): Promise<void> {
	try {
		for await (const bytes of builder.output({ from: session.builderOutputOffset, signal })) {
			// What comes late must not stand in the output of the next builder.
			if (signal.aborted) return;
			session.output(bytes);
		}
	} catch (error) {
		if (!isContainerBuilderError(error) || error.code !== 'digest-mismatch') throw error;
		// The image is verified by itself: what was printed wrongly does not spoil it.
		session.publish({ type: 'warning', message: error.message });
	}
}

/** When the builder is gone, both connections find out, each in its own time: what the other has is still taken. */
async function settleOutput(output: Promise<void> | undefined, error: unknown): Promise<void> {
	if (isContainerBuilderError(error) && error.code === 'builder-lost') await output?.catch(() => {});
}

function ended(event: Extract<BuilderEvent, { type: 'end' }>, image: ImageDigest | undefined): ImageDigest {
	if (event.error !== undefined) throw ContainerBuilderError.fromJSON(event.error);
	if (event.phase === 'canceled')
		throw new ContainerBuilderError('canceled', 'the build was canceled on the builder');
	if (event.phase === 'failed')
		throw new ContainerBuilderError('build-failed', 'the definition did not build');
	if (image !== undefined) return image;
	throw new ContainerBuilderError('protocol', 'the builder built, but told of no image');
}
