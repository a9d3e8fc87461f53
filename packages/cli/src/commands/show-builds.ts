import { stripVTControlCharacters } from 'node:util';
import type { BuildRecord } from '@olcf/container-builder-core/spec';
import { formatDuration } from '../output/format-duration.js';
import { showSection } from './show-section.js';

/** What `cb-status --mine` prints. */
export function showBuilds(builds: readonly BuildRecord[]): string {
	return [...showSection('Your builds', builds.map(describeBuild)), '']
		.map((line) => stripVTControlCharacters(line))
		.join('\n');
}

function describeBuild({ buildId, state, labels, builderId, ageMs, error }: BuildRecord): string[] {
	return [
		`BUILD: ${buildId}`,
		`STATE: ${state}`,
		`IMAGE: ${labels.image ?? '-'}`,
		`BUILDER: ${builderId ?? '-'}`,
		`SINCE: ${formatDuration(ageMs)}`,
		...(error === undefined ? [] : [`ERROR: ${error.message}`]),
	];
}
