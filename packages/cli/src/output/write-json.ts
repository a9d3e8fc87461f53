import type { OutputStream } from '../invocation.js';

/** One JSON document. */
export function writeJson(stream: OutputStream, value: unknown): void {
	stream.write(`${JSON.stringify(value, null, 2)}\n`);
}
