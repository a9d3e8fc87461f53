import type { BuildResult } from '@olcf/container-builder-core/spec';
import type { Invocation } from '../invocation.js';
import { formatDuration } from '../output/format-duration.js';
import { formatSize } from '../output/format-size.js';
import type { Phases } from '../output/phases.js';
import { writeJson } from '../output/write-json.js';

/** Says what a build came to; with `json` as a document on stdout too. */
export function tellResult(
	result: BuildResult,
	{ invocation, phases, json }: { invocation: Invocation; phases: Phases; json: boolean | undefined },
): void {
	const { path, size, sha256 } = result.image;
	if (json) writeJson(invocation.stdout, { status: 'succeeded', ...result });
	phases.line(
		`Built ${path ?? 'the image'}: ${formatSize(size)}, sha256:${sha256}, ${formatDuration(result.durationMs)}`,
	);
}
