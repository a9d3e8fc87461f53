import { once } from 'node:events';
import type { OutputStream } from '../invocation.js';

/** Writes bytes unchanged; resolves when the stream takes more. A reader that has gone away is no failure. */
export async function writeBytes(stream: OutputStream, bytes: Uint8Array | string): Promise<void> {
	if (!stream.writable || stream.write(bytes)) return;
	const controller = new AbortController();
	const stop = () => controller.abort();
	stream.once('close', stop);
	try {
		await once(stream, 'drain', { signal: controller.signal });
	} catch (error) {
		if (!controller.signal.aborted && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
	} finally {
		stream.off('close', stop);
	}
}
