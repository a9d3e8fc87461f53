import { deferred } from '../concurrency/deferred.js';
import type { BuildEvent } from '../spec/index.js';

/** An event before it has its number. */
export type NewBuildEvent = BuildEvent extends infer E
	? E extends BuildEvent
		? Omit<E, 'buildId' | 'sequence' | 'time'>
		: never
	: never;

type OutputEvent = Extract<BuildEvent, { type: 'output' }>;
type DroppedEvent = Extract<BuildEvent, { type: 'output-dropped' }>;

/** Bytes of output that are kept at least. */
const KEPT_BYTES = 4 * 2 ** 20;
/** What may come on top before the log is tidied up: tidying at every event would take quadratic time. */
const SLACK_BYTES = 2 ** 20;
const SLACK_EVENTS = 4096;
/** Small pieces of output are put together up to this size when the log is tidied up. */
const MERGED_BYTES = 65_536;

/**
 * The numbered events of one build, for any number of readers at their own places. Lifecycle events stay; of output
 * the last 4 MiB do, with one `output-dropped` event for what was before; of progress only the newest.
 */
export class EventLog {
	readonly #buildId: string;
	#events: BuildEvent[] = [];
	#sequence = 0;
	#outputBytes = 0;
	#untidyEvents = 0;
	#end: { readonly error: unknown } | undefined;
	#news = deferred();

	constructor(buildId: string) {
		this.#buildId = buildId;
	}

	/** Adds an event and wakes the readers. */
	append(event: NewBuildEvent): BuildEvent {
		const numbered = {
			...event,
			buildId: this.#buildId,
			sequence: ++this.#sequence,
			time: new Date().toISOString(),
		} as BuildEvent;
		const last = this.#events.at(-1);
		if (last?.type === numbered.type && /-progress$/.test(last.type)) this.#events.pop();
		this.#events.push(numbered);
		if (numbered.type === 'output') {
			this.#outputBytes += numbered.bytes.byteLength;
			this.#untidyEvents++;
			if (this.#outputBytes > KEPT_BYTES + SLACK_BYTES || this.#untidyEvents > SLACK_EVENTS) this.#tidy();
		}
		this.#wake();
		return numbered;
	}

	/** No more events: iterations end behind the last one, with `error` where there is one. */
	close(error?: unknown): void {
		this.#end = { error };
		this.#wake();
	}

	/** All events from the first one kept, then those that come. */
	async *read(): AsyncGenerator<BuildEvent, void, undefined> {
		let seen = 0;
		let offset = 0;
		for (;;) {
			const next = this.#events[this.#indexAfter(seen)];
			if (next === undefined) {
				if (this.#end !== undefined) {
					if (this.#end.error !== undefined) throw this.#end.error;
					return;
				}
				await this.#news.promise;
				continue;
			}
			seen = next.sequence;
			const event = withoutSeen(next, offset);
			if (event === undefined) continue;
			if (event.type === 'output') offset = event.offset + event.bytes.byteLength;
			if (event.type === 'output-dropped') offset = event.offset + event.size;
			yield event;
		}
	}

	/** Events are in order of their numbers, with gaps. */
	#indexAfter(sequence: number): number {
		let low = 0;
		let high = this.#events.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#events[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#wake(): void {
		const { resolve } = this.#news;
		this.#news = deferred();
		resolve();
	}

	#tidy(): void {
		const { kept, droppedBytes } = tidied(this.#events, this.#outputBytes - KEPT_BYTES);
		this.#events = kept;
		this.#outputBytes -= droppedBytes;
		this.#untidyEvents = 0;
	}
}

/** Drops output from the front, at most `excess` bytes, and puts small neighbours together. */
function tidied(events: readonly BuildEvent[], excess: number) {
	const kept: BuildEvent[] = [];
	let marker: DroppedEvent | undefined;
	let markerIndex = 0;
	let left = excess;
	let group: OutputEvent[] = [];
	let groupBytes = 0;
	const closeGroup = (): void => {
		const merged = mergedOutput(group);
		if (merged !== undefined) kept.push(merged);
		group = [];
		groupBytes = 0;
	};

	for (const event of events) {
		const size = event.type === 'output' ? event.bytes.byteLength : 0;
		if (event.type === 'output' && size > left) left = 0;
		if (event.type === 'output-dropped' || (event.type === 'output' && size <= left)) {
			closeGroup();
			left -= size;
			marker = dropped(marker, event);
			markerIndex = kept.length;
			continue;
		}
		if (event.type !== 'output' || groupBytes + size > MERGED_BYTES) closeGroup();
		if (event.type === 'output') {
			group.push(event);
			groupBytes += size;
		} else kept.push(event);
	}
	closeGroup();
	if (marker !== undefined) kept.splice(markerIndex, 0, marker);
	const before = events.find((event) => event.type === 'output-dropped');
	return { kept, droppedBytes: (marker?.size ?? 0) - (before?.type === 'output-dropped' ? before.size : 0) };
}

/** The marker takes the number of the last event that it stands for, so that no reader passes it by. */
function dropped(marker: DroppedEvent | undefined, event: OutputEvent | DroppedEvent): DroppedEvent {
	const { buildId, sequence, time } = event;
	const size = event.type === 'output' ? event.bytes.byteLength : event.size;
	const { offset, size: before } = marker ?? { offset: event.offset, size: 0 };
	return { type: 'output-dropped', buildId, sequence, time, offset, size: before + size };
}

function mergedOutput(group: readonly OutputEvent[]): OutputEvent | undefined {
	const [first] = group;
	const last = group.at(-1);
	if (first === undefined || last === undefined || first === last) return first;
	return { ...last, offset: first.offset, bytes: Buffer.concat(group.map(({ bytes }) => bytes)) };
}

/** What a reader that has the output up to `offset` still lacks of this event. */
function withoutSeen(event: BuildEvent, offset: number): BuildEvent | undefined {
	if (event.type === 'output') {
		const seen = offset - event.offset;
		if (seen <= 0) return event;
		if (seen >= event.bytes.byteLength) return undefined;
		return { ...event, offset, bytes: event.bytes.subarray(seen) };
	}
	if (event.type === 'output-dropped') {
		const seen = offset - event.offset;
		if (seen <= 0) return event;
		if (seen >= event.size) return undefined;
		return { ...event, offset, size: event.size - seen };
	}
	return event;
}
