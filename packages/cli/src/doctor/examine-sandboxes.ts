import type { AbortOptions } from '@olcf/container-builder-core/spec';
import type { Finding } from './finding.js';

/** Whether sandboxes can be made on this machine; one finding for all that is in order. */
export async function examineSandboxes(options: AbortOptions): Promise<Finding[]> {
	const { inspectHost } = await import('@olcf/container-builder-provider-local');
	const report = await inspectHost(options);
	const missing = report.prerequisites.filter(({ ok }) => !ok);
	const emulates = report.emulates.length === 0 ? '' : `; by emulation: ${report.emulates.join(', ')}`;
	const summary: Finding = {
		name: 'sandboxes',
		status: report.networks.length > 0 ? 'ok' : 'problem',
		detail:
			report.networks.length > 0
				? `as ${report.mode === 'root' ? 'root' : 'an ordinary user'}; networks: ${report.networks.join(', ')}; ` +
					`limits that can be enforced: ${report.limits.join(', ')}${emulates}`
				: 'none can be made on this machine',
		remedy: report.networks.length > 0 ? undefined : (report.install ?? 'See below.'),
	};
	const details = missing.map(
		({ name, detail, remedy, neededFor }): Finding => ({
			name,
			status: neededFor === 'sandbox' ? 'problem' : 'warning',
			detail: `${detail} (${CONSEQUENCES[neededFor]})`,
			remedy,
		}),
	);
	return [summary, ...details];
}

const CONSEQUENCES = {
	sandbox: 'no sandbox without it',
	isolated: 'no network isolated without it',
	forward: 'no port of this machine can be forwarded to a sandbox without it',
	'disk-image': 'no limit of disk space without it',
	comfort: 'builds run without it, with less',
} as const;
