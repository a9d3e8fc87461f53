import { ContainerBuilderError } from '@olcf/container-builder-core';
import type { QueueConfiguration } from './configuration/queue-configuration.js';

/** What a running queue cannot change. */
const FIXED = [
	'owner',
	'listen',
	'tls',
	'authentication',
	'relay',
	'store',
	'catalogue',
	'registries',
	'provenance',
	'insecure',
] as const;

/** Throws `invalid-configuration` where a running queue would have to be started anew for a configuration. */
export function checkReload(before: QueueConfiguration, after: QueueConfiguration): void {
	const changed: string[] = FIXED.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
	if (before.shutdown.whenIdleMs !== after.shutdown.whenIdleMs) changed.push('shutdown.whenIdle');
	for (const { name, provider } of after.pools) {
		const known = before.pools.find((pool) => pool.name === name);
		if (known !== undefined && JSON.stringify(known.provider) !== JSON.stringify(provider)) {
			changed.push(`provider of the pool ${name}`);
		}
	}
	if (changed.length === 0) return;
	throw new ContainerBuilderError(
		'invalid-configuration',
		`a running queue cannot change: ${changed.join(', ')}`,
		{ hint: 'Hand over to a new process: SIGUSR2, then start the queue again. No build is lost.' },
	);
}
