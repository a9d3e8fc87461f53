import type { QueueEvent } from '../spec/index.js';

/** Those events that are of no build, or of a build of one's own. */
export async function* ownEvents(
	events: AsyncIterable<QueueEvent>,
	isOwn: (buildId: string) => boolean,
): AsyncIterable<QueueEvent> {
	for await (const event of events) {
		if (!('buildId' in event) || isOwn(event.buildId)) yield event;
	}
}
