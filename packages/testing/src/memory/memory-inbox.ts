import {
	type ContainerBuilderError,
	type Deferred,
	deferred,
	type Frame,
} from '@olcf/container-builder-core';

/** What a frame counts beside its bytes, so that empty frames cannot pile up without bound. */
const FRAME_OVERHEAD_BYTES = 128;

/** The frames on their way to one end of a pair, with the sends that wait for room. */
export class MemoryInbox implements AsyncIterator<Frame> {
	readonly #highWaterBytes: number;
	readonly #frames: { readonly frame: Frame; readonly size: number }[] = [];
	/** One for each frame above the mark, in order: the last ones of `#frames`. */
	readonly #waiting: { readonly start: number; readonly room: Deferred<void> }[] = [];
	readonly #readers: Deferred<IteratorResult<Frame>>[] = [];
	/** Bytes ever pushed and ever taken. */
	#pushed = 0;
	#taken = 0;
	#end: { readonly error: ContainerBuilderError | undefined } | undefined;

	constructor(highWaterBytes: number) {
		this.#highWaterBytes = highWaterBytes;
	}

	/** Takes a frame; resolves once it is below the high-water mark. */
	push(frame: Frame): Promise<void> {
		const reader = this.#readers.shift();
		if (reader !== undefined) {
			reader.resolve({ done: false, value: frame });
			return Promise.resolve();
		}
		const size = FRAME_OVERHEAD_BYTES + (typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length);
		// A frame is accepted when what stands before it is below the mark, so that one larger than the mark passes.
		const wait = this.#waiting.length > 0 || this.#pushed - this.#taken >= this.#highWaterBytes;
		this.#frames.push({ frame, size });
		const start = this.#pushed;
		this.#pushed += size;
		if (!wait) return Promise.resolve();
		const room = deferred();
		this.#waiting.push({ start, room });
		return room.promise;
	}

	next(): Promise<IteratorResult<Frame>> {
		const entry = this.#frames.shift();
		if (entry !== undefined) {
			this.#taken += entry.size;
			this.#makeRoom();
			return Promise.resolve({ done: false, value: entry.frame });
		}
		if (this.#end !== undefined) {
			if (this.#end.error !== undefined) return Promise.reject(this.#end.error);
			return Promise.resolve({ done: true, value: undefined });
		}
		const reader = deferred<IteratorResult<Frame>>();
		this.#readers.push(reader);
		return reader.promise;
	}

	/** The peer closed: what it sent stays to be read. */
	finish(error: ContainerBuilderError | undefined): void {
		for (const { room } of this.#waiting.splice(0)) room.resolve();
		this.#settle(error);
	}

	/** The connection broke: what was never accepted below the high-water mark is lost. */
	break(error: ContainerBuilderError): void {
		this.#frames.splice(this.#frames.length - this.#waiting.length);
		for (const { room } of this.#waiting.splice(0)) room.reject(error);
		this.#settle(error);
	}

	/** The owner of this end wants no more of it. */
	discard(error: ContainerBuilderError | undefined, sendError: ContainerBuilderError): void {
		this.#frames.splice(0);
		for (const { room } of this.#waiting.splice(0)) room.reject(sendError);
		this.#settle(error);
	}

	#makeRoom(): void {
		for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
			if (first.start - this.#taken >= this.#highWaterBytes) return;
			this.#waiting.shift();
			first.room.resolve();
		}
	}

	#settle(error: ContainerBuilderError | undefined): void {
		this.#end ??= { error };
		for (const reader of this.#readers.splice(0)) {
			if (error === undefined) reader.resolve({ done: true, value: undefined });
			else reader.reject(error);
		}
	}
}
