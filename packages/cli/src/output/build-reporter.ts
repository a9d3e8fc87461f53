import { basename } from 'node:path';
import type { BuildEvent, ResolvedBase } from '@olcf/container-builder-core/spec';
import type { OutputStream } from '../invocation.js';
import type { BuildLog } from '../log/build-log.js';
import { describeLimits, describeLimitUse } from './describe-limits.js';
import { describeWait } from './describe-wait.js';
import { endpointHost } from './endpoint-host.js';
import { formatSize } from './format-size.js';
import type { Phases } from './phases.js';
import { TransferMeter } from './transfer-meter.js';
import { writeBytes } from './write-bytes.js';

/** Where a build is told of. */
export interface BuildReporterOptions {
	readonly phases: Phases;
	/** Gets the output of the build, byte for byte. */
	readonly output: OutputStream;
	/** Has what comes too fast for it. */
	readonly log: Pick<BuildLog, 'path' | 'read'>;
	/** What `Connected to queue:` names. */
	readonly queueHost: string;
	readonly image: string;
}

/** Tells a build's events in the words of the original; resolves when the output has been taken. */
export function buildReporter({
	phases,
	output,
	log,
	queueHost,
	image,
}: BuildReporterOptions): (event: BuildEvent) => Promise<void> {
	let phase: 'none' | 'queue' | 'builder' | 'upload' | 'download' = 'none';
	let midLine = false;
	let meter = new TransferMeter();
	let bases: readonly ResolvedBase[] = [];
	let emulation: string | undefined;

	const begin = (next: typeof phase, text: string): void => {
		if (phase === next) return;
		if (midLine && output.isTTY === true) phases.line('');
		midLine = false;
		phase = next;
		meter = new TransferMeter();
		phases.start(text);
	};
	const end = (expected: typeof phase, result: string): void => {
		if (phase === expected) phases.done(result);
	};
	/** A line of its own between those of the output. */
	const tellBetween = (text: string): void => {
		if (midLine && output.isTTY === true) phases.line('');
		midLine = false;
		phases.line(text);
	};
	/** The queue has answered: from here on one waits for a builder. */
	const connected = (): void => {
		end('queue', `Connected to queue: ${queueHost}`);
		begin('builder', 'Requesting remote builder');
	};

	/** A terminal is spared what it cannot keep up with; a pipe or a file gets every byte, as long as they are kept. */
	const takeDropped = async ({ offset, size }: Extract<BuildEvent, { type: 'output-dropped' }>) => {
		const kept = output.isTTY === true ? undefined : await log.read(offset, size);
		if (kept !== undefined) {
			for await (const bytes of kept) await writeBytes(output, bytes);
			return;
		}
		const where = log.path === undefined ? '' : `; all of it: ${log.path}`;
		tellBetween(`warning: ${formatSize(size)} of the output came too fast and are left out here${where}`);
	};

	return async (event) => {
		switch (event.type) {
			case 'build-start':
				phases.line(event.kind === 'dockerfile' ? 'Detected dockerfile' : 'Detected singularity file');
				break;
			case 'state':
				if (event.state === 'queued' && phase === 'none') begin('queue', 'Connecting to BuilderQueue');
				else if (event.state === 'uploading') begin('upload', 'Transferring build context to builder');
				else if (event.state === 'building') end('upload', 'Completed');
				else if (event.state === 'downloading') begin('download', `Transferring ${basename(image)}`);
				break;
			case 'queue-place':
				connected();
				phases.update(describeWait(event), {
					lasting: event.reason === 'all-builders-busy' || event.reason === 'provider-failing',
				});
				break;
			case 'builder': {
				connected();
				const { host, port } = endpointHost(event.url);
				// A socket's path is long and tells nothing; the sandbox has a name.
				end('builder', `Connected to remote builder: ${port === '-' ? event.builderId : host}`);
				break;
			}
			case 'upload-progress':
				if (phase === 'upload') phases.update(meter.describe(event.sentBytes, event.size));
				break;
			case 'bases':
				// Told when the upload has its result: they come in between.
				({ bases } = event);
				break;
			case 'emulation':
				emulation = `Building for ${event.architecture} by emulation on ${event.native}: this takes several times as long`;
				break;
			case 'backend-start':
				end('upload', 'Completed');
				if (emulation !== undefined) phases.line(emulation);
				for (const { reference, digest } of bases) phases.line(`Base ${reference}: ${digest}`);
				phase = 'none';
				break;
			case 'limits':
				phases.line(`Limits: ${describeLimits(event)}`);
				break;
			case 'limit-near':
				tellBetween(`warning: ${describeLimitUse(event)}`);
				break;
			case 'output':
				midLine = event.bytes.at(-1) !== 0x0a;
				await writeBytes(output, event.bytes);
				break;
			case 'output-dropped':
				await takeDropped(event);
				break;
			case 'download-progress':
				if (phase === 'download') phases.update(meter.describe(event.receivedBytes, event.size));
				break;
			case 'build-retry': {
				// The output of the next builder begins on a line of its own.
				if (midLine) await writeBytes(output, '\n');
				midLine = false;
				bases = [];
				emulation = undefined;
				phases.stop();
				const how = event.backendStarted ? 'executing the definition again' : 'trying again';
				phases.line(`warning: ${event.error.message}; ${how} on a fresh builder (attempt ${event.attempt})`);
				phase = 'none';
				begin('builder', 'Requesting remote builder');
				break;
			}
			case 'warning':
				tellBetween(`warning: ${event.message}`);
				break;
			case 'build-end':
				if (event.status === 'succeeded') end('download', 'Completed');
				else if (midLine && output.isTTY === true) phases.line('');
				phases.stop();
				break;
			default:
				break;
		}
	};
}
