import type { BuildResult } from '@olcf/container-builder-core/spec';
import type { Invocation } from '../invocation.js';
import { formatDuration } from '../output/format-duration.js';
import { formatSize } from '../output/format-size.js';
import type { Phases } from '../output/phases.js';
import { writeJson } from '../output/write-json.js';

/** How a result is told. */
export interface TellResultOptions {
	readonly invocation: Invocation;
	readonly phases: Phases;
	readonly json: boolean | undefined;
	readonly parsable: boolean | undefined;
	/** How old the build is, where it was begun by another command. */
	readonly ageMs?: number | undefined;
}

/** Says what a build came to; with `json` as a document on stdout too, with `parsable` as a line. */
export function tellResult(
	result: BuildResult,
	{ invocation, phases, json, parsable, ageMs = result.durationMs }: TellResultOptions,
): void {
	const { path, size, sha256 } = result.image;
	if (json) writeJson(invocation.stdout, { status: 'succeeded', ...result });
	if (parsable) invocation.stdout.write(`${[result.id, `sha256:${sha256}`, size, path].join(';')}\n`);
	const { provenance } = result;
	if (provenance?.path !== undefined) phases.line(`Signed where it comes from: ${provenance.path}`);
	phases.line(
		`Built ${path ?? 'the image'}: ${formatSize(size)}, sha256:${sha256}, ${formatDuration(ageMs)}`,
	);
}
