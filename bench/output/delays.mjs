import { join } from 'node:path';
import { ContainerBuilder } from '@olcf/container-builder';
import { quantileSorted } from 'd3-array';
import { startScriptQueue } from '../support/start-script-queue.mjs';

/** How late lines are that a build writes at 1,000 a second: milliseconds from the write until this process has the bytes. */
export async function delays(seconds) {
	const printer = join(import.meta.dirname, 'printer-worker.mjs');
	const queue = await startScriptQueue(
		`${process.execPath} ${printer} ${seconds}; cp "$DEFINITION" "$IMAGE"`,
	);
	const builder = new ContainerBuilder({ queue: queue.url });
	const late = [];
	let rest = '';
	try {
		await queue.ready(1);
		const build = builder.build({ definition: { text: 'Bootstrap: scratch\n', kind: 'apptainer' } });
		for await (const bytes of build.output()) {
			const now = performance.timeOrigin + performance.now();
			const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) late.push(now - Number(line));
		}
		await build;
	} finally {
		await builder.close();
		await queue.close();
	}
	const sorted = Float64Array.from(late).sort();
	return { count: late.length, p50: quantileSorted(sorted, 0.5), p99: quantileSorted(sorted, 0.99) };
}
