import type { BuildEvent } from '@olcf/container-builder-core/spec';
import { briefDuration } from './brief-duration.js';

type QueuePlace = Extract<BuildEvent, { type: 'queue-place' }>;

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' });
const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

/** `3rd in line, 2 builders starting, about 40 s`. */
export function describeWait(event: QueuePlace): string {
	const { place, reason, detail, estimateMs } = event;
	return [
		...(place > 1 || reason === 'all-builders-busy' ? [`${ordinal(place)} in line`] : []),
		describeReason(event),
		...(detail === undefined ? [] : [detail]),
		...(estimateMs === undefined ? [] : [`about ${briefDuration(estimateMs)}`]),
	].join(', ');
}

function describeReason({ reason, starting = 0, busy = 0 }: QueuePlace): string {
	switch (reason) {
		case 'builder-starting':
			return starting > 1 ? `${starting} builders starting` : 'a builder is starting';
		case 'all-builders-busy':
			if (busy === 1) return 'the one builder is busy';
			return busy > 1 ? `all ${busy} builders are busy` : 'all builders are busy';
		case 'provider-failing':
			return 'builders fail to start';
		case 'queue-starting':
			return 'the queue is starting';
		case 'user-limit':
			return 'as many of your builds run as may';
		default:
			return reason;
	}
}

function ordinal(place: number): string {
	return `${place}${SUFFIXES[ORDINALS.select(place)] ?? 'th'}`;
}
