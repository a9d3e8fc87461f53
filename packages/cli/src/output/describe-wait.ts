import type { BuildEvent } from '@olcf/container-builder-core/spec';
import { formatDuration } from './format-duration.js';

const REASONS = {
	'builder-starting': 'a builder is starting',
	'all-builders-busy': 'all builders are busy',
	'provider-failing': 'builders fail to start',
	'queue-starting': 'the queue is starting',
	'user-limit': 'as many of your builds run as may',
} as const;

/** `place 3, all builders are busy, about 2 min 5 s`. */
export function describeWait(event: Extract<BuildEvent, { type: 'queue-place' }>): string {
	const { place, reason, detail, estimateMs } = event;
	return [
		...(place > 1 || reason === 'all-builders-busy' ? [`place ${place}`] : []),
		REASONS[reason as keyof typeof REASONS] ?? reason,
		...(detail === undefined ? [] : [detail]),
		...(estimateMs === undefined ? [] : [`about ${formatDuration(estimateMs)}`]),
	].join(', ');
}
