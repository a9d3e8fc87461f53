import type { AbortOptions } from '@olcf/container-builder-core/spec';
import { daemonPath } from '../daemon-path.js';
import type { Finding } from './finding.js';

/** Whether the builder image is there, and if not, whether it can be made. */
export async function examineBuilderImage({ signal }: AbortOptions): Promise<Finding[]> {
	const { builderImagePrerequisites, findBuilderImage } = await import('@olcf/container-builder-builder');
	const name = 'builder-image';
	const found = await findBuilderImage({ signal });
	if (found !== undefined) {
		const current = await findBuilderImage({ daemon: daemonPath(), signal });
		const apptainer = found.manifest.base.packages.apptainer ?? 'unknown';
		return [
			current === undefined
				? { name, status: 'warning', detail: 'made by another version', remedy: 'cb-image make' }
				: { name, status: 'ok', detail: `apptainer ${apptainer}, made ${found.manifest.createdAt}` },
		];
	}
	const { install, problem, hint } = await builderImagePrerequisites();
	const missing: Finding = { name, status: 'problem', detail: 'there is none', remedy: 'cb-image make' };
	if (install !== undefined) {
		return [
			missing,
			{ name: 'mmdebstrap', status: 'problem', detail: 'programs that make it are missing', remedy: install },
		];
	}
	return problem === undefined
		? [missing]
		: [missing, { name: 'mmdebstrap', status: 'problem', detail: problem, remedy: hint }];
}
