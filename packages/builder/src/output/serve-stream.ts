import { type Channel, ContainerBuilderError, type ImageDigest } from '@olcf/container-builder-core';
import { parseFrame, streamOpenSchema } from '@olcf/container-builder-core/protocol';

/** Something that can be read from any offset, and whose size and digest are known at the end at the latest. */
export interface ByteSource {
	/** The bytes from `from` on; a chunk may be used again once the next is asked for. */
	read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
	/** Undefined as long as it is not known. */
	digest(): ImageDigest | undefined;
}

/** Serves one channel `output` or `image`: `open`, then `start`, the bytes, `end`. Never rejects. */
export async function serveStream(channel: Channel, source: () => ByteSource): Promise<void> {
	const controller = new AbortController();
	void channel.closed.then(() => controller.abort('the channel has ended'));
	const say = (message: object): Promise<void> => channel.send(JSON.stringify(message));
	try {
		const first = await channel[Symbol.asyncIterator]().next();
		if (first.done) return;
		const { from } = parseFrame(streamOpenSchema, first.value);
		const { read, digest } = source();
		const known = digest();
		if (known && from > known.size) throw beyondEnd(from, known);
		await say({ type: 'start', from, ...known });
		for await (const chunk of read(from, controller.signal)) await channel.send(chunk);
		const end = digest();
		if (end === undefined) throw new ContainerBuilderError('internal', 'a stream without an end');
		if (from > end.size) throw beyondEnd(from, end);
		await say({ type: 'end', ...end });
		await channel.close();
	} catch (error) {
		if (controller.signal.aborted) return;
		const told = ContainerBuilderError.from(error, 'transfer-failed');
		await say({ type: 'failure', error: told.toJSON() }).catch(() => {});
		await channel.close({ code: told.code === 'protocol' ? 'protocol' : 'normal' });
	}
}

function beyondEnd(from: number, end: ImageDigest): ContainerBuilderError {
	return new ContainerBuilderError('transfer-failed', `offset ${from} lies behind the end at ${end.size}`, {
		retryable: false,
	});
}
