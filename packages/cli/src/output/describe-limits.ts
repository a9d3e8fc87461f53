import type { EffectiveLimits, LimitUse } from '@olcf/container-builder-core/spec';
import { briefDuration } from './brief-duration.js';
import { formatSize } from './format-size.js';

/** `30 min, 1.0 GiB of output`: what a build may use, the deadline where no limit of time comes before it. */
export function describeLimits({ timeMs, outputBytes, imageBytes, deadlineMs }: EffectiveLimits): string {
	return [
		briefDuration(Math.min(timeMs ?? deadlineMs, deadlineMs)),
		`${formatSize(outputBytes)} of output`,
		...(imageBytes === undefined ? [] : [`an image of ${formatSize(imageBytes)}`]),
	].join(', ');
}

/** `80 % of the time is used: 24 min of 30 min`. */
export function describeLimitUse({ limit, used, of }: LimitUse): string {
	const percent = `${Math.floor((100 * used) / of)} %`;
	if (limit === 'output')
		return `${percent} of the output that may be are there: ${formatSize(used)} of ${formatSize(of)}; the build ends at all of it`;
	const left = briefDuration(of - used);
	return limit === 'time'
		? `${percent} of the time that the build may take are over: it ends in ${left} (--limit-time)`
		: `${percent} of the time that the queue keeps the builder for are over: the build ends in ${left}`;
}
