import type { BuilderSummary, QueueStatus, WaitingSummary } from '@olcf/container-builder-core/spec';
import { endpointHost } from '../output/endpoint-host.js';
import { formatDuration } from '../output/format-duration.js';
import { describePool } from './describe-pool.js';
import { showSection } from './show-section.js';

/**
 * What `cb-status` prints, in the words of the original; starting builders where there are any. With `explain` also the
 * pools, and more of those who wait.
 */
export function showStatus(
	status: QueueStatus,
	{ explain = false }: { readonly explain?: boolean | undefined } = {},
): string {
	const { builders, waiting, pools } = status;
	const active = builders.filter(({ state }) => state === 'leased');
	const reserve = builders.filter(({ state }) => state === 'ready');
	const starting = builders.filter(({ state }) => state === 'creating' || state === 'booting');
	return [
		...showSection('Active builders', active.map(describeBuilder)),
		...showSection('Reserve builders', reserve.map(describeBuilder)),
		...(starting.length === 0 ? [] : showSection('Starting builders', starting.map(describeStarting))),
		...showSection(
			'Waiting',
			waiting.map((one) => describeWaiting(one, explain)),
		),
		...(explain
			? showSection(
					'Pools',
					pools.map((pool) => describePool(pool, builders)),
				)
			: []),
		'',
	].join('\n');
}

function describeBuilder({ id, endpoint }: BuilderSummary): string[] {
	const { host, port } = endpointHost(endpoint?.url);
	return [`ID: ${id}`, `HOST: ${host}`, `PORT: ${port}`];
}

function describeStarting({ id, state, ageMs }: BuilderSummary): string[] {
	return [`ID: ${id}`, `STATE: ${state}`, `SINCE: ${formatDuration(ageMs)}`];
}

function describeWaiting(
	{ buildId, user, place, waitingMs, priority, pool }: WaitingSummary,
	explain: boolean,
) {
	return [
		`PLACE: ${place}`,
		`BUILD: ${buildId}`,
		`USER: ${user}`,
		...(explain ? [`PRIORITY: ${priority ?? 'normal'}`, `POOL: ${pool ?? '-'}`] : []),
		`SINCE: ${formatDuration(waitingMs)}`,
	];
}
