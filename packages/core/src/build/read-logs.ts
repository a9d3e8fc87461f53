import { RemoteBuilder } from '../client/remote-builder.js';
import { tailOffset } from '../client/tail-offset.js';
import { linkSignal } from '../concurrency/link-signal.js';
import type { AbortOptions } from '../spec/index.js';
import { checkOutputStart, type OutputStart } from './output-start.js';
import { resumeBuild } from './resume-build.js';
import type { RunContext } from './run-context.js';

/** Which part of a build's output. */
export interface LogsOptions extends AbortOptions, OutputStart {
	/** Go on with what comes, until the build is over. @default false: end with what there is */
	readonly follow?: boolean | undefined;
}

/** Yields output of a build that runs; no sign of life is given, and nothing of the build changes. */
export async function* readLogs(
	buildId: string,
	context: RunContext,
	options: LogsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
	checkOutputStart(options);
	const { from = 0, tail, follow = false, signal } = options;
	const linked = linkSignal(signal);
	const { endpoint, token, builderId } = await resumeBuild(buildId, context.queue, linked.signal);
	const builder = new RemoteBuilder({ ...context, id: builderId, endpoint, token });
	try {
		const { outputBytes: size } = await builder.state({ signal: linked.signal });
		const begin =
			tail === undefined ? from : await tailOffset(builder, { size, lines: tail, signal: linked.signal });
		if (!follow && begin >= size) return;
		let offset = begin;
		for await (const bytes of builder.output({ from: begin, signal: linked.signal })) {
			offset += bytes.byteLength;
			const surplus = follow ? 0 : Math.max(0, offset - size);
			yield bytes.subarray(0, bytes.byteLength - surplus);
			if (!follow && offset >= size) return;
		}
	} finally {
		linked.dispose();
		await builder.close();
	}
}
