import { readdirSync } from 'node:fs';

/** What this process still holds after a collection: bytes of its heap and outside it, bytes resident, and open files. */
export async function memory() {
	// What is let go of in one turn is collected in the next.
	for (let turn = 0; turn < 3; turn++) {
		await new Promise((resolve) => setImmediate(resolve));
		globalThis.gc();
	}
	const { heapUsed, external, rss } = process.memoryUsage();
	return { heap: heapUsed + external, resident: rss, handles: readdirSync('/proc/self/fd').length };
}
