import type { BuilderSummary, QueueStatus } from '@olcf/container-builder-core/spec';
import { endpointHost } from '../output/endpoint-host.js';
import { formatDuration } from '../output/format-duration.js';

const RULE = '-------------';

/** What `cb-status` prints, in the words of the original; starting builders and waiting checkouts where there are any. */
export function showStatus(status: QueueStatus): string {
	const active = status.builders.filter(({ state }) => state === 'leased');
	const reserve = status.builders.filter(({ state }) => state === 'ready');
	const starting = status.builders.filter(({ state }) => state === 'creating' || state === 'booting');
	return [
		...section('Active builders', active.map(describeBuilder)),
		...section('Reserve builders', reserve.map(describeBuilder)),
		...(starting.length === 0 ? [] : section('Starting builders', starting.map(describeStarting))),
		...section(
			'Waiting',
			status.waiting.map(({ buildId, user, place, waitingMs }) => [
				`PLACE: ${place}`,
				`BUILD: ${buildId}`,
				`USER: ${user}`,
				`SINCE: ${formatDuration(waitingMs)}`,
			]),
		),
		'',
	].join('\n');
}

function section(title: string, entries: readonly (readonly string[])[]): string[] {
	return [RULE, title, RULE, ...entries.flatMap((lines) => [...lines, RULE])];
}

function describeBuilder({ id, endpoint }: BuilderSummary): string[] {
	const { host, port } = endpointHost(endpoint?.url);
	return [`ID: ${id}`, `HOST: ${host}`, `PORT: ${port}`];
}

function describeStarting({ id, state, ageMs }: BuilderSummary): string[] {
	return [`ID: ${id}`, `STATE: ${state}`, `SINCE: ${formatDuration(ageMs)}`];
}
