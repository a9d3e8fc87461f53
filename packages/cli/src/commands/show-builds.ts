import type { BuildRecord } from '@olcf/container-builder-core/spec';
import { formatDuration } from '../output/format-duration.js';
import { showSection } from './show-section.js';

/** What `cb-status --mine` and `--all` print. */
export function showBuilds(builds: readonly BuildRecord[], { ofAll }: { readonly ofAll: boolean }): string {
	const title = ofAll ? 'Builds of all users' : 'Your builds';
	const described = builds.map((build) => [
		...describeBuild(build),
		...(ofAll ? [`USER: ${build.user}`] : []),
	]);
	return [...showSection(title, described), ''].join('\n');
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
