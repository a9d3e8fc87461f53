import {
	type ContainerBuilderError,
	type Deferred,
	deferred,
	type Frame,
} from '@olcf/container-builder-core';

/** What a frame counts beside its bytes, so that empty frames cannot pile up without bound. */
const FRAME_OVERHEAD_BYTES = 128;

/** Frames that have arrived and wait to be iterated; tells when to stop reading and when to go on. */
export class FrameInbox implements AsyncIterator<Frame> {
	readonly #highWaterBytes: number;
	readonly #onRoom: () => void;
	readonly #frames: Frame[] = [];
	readonly #readers: Deferred<IteratorResult<Frame>>[] = [];
	#bytes = 0;
	#full = false;
	#end: { readonly error: ContainerBuilderError | undefined } | undefined;

	constructor(highWaterBytes: number, onRoom: () => void) {
		this.#highWaterBytes = highWaterBytes;
		this.#onRoom = onRoom;
	}

	get full(): boolean {
		return this.#full;
	}

	push(frame: Frame): void {
		if (this.#end !== undefined) return;
		const reader = this.#readers.shift();
		if (reader !== undefined) {
			reader.resolve({ done: false, value: frame });
			return;
		}
		this.#frames.push(frame);
		this.#bytes += frame.length + FRAME_OVERHEAD_BYTES;
		if (this.#bytes >= this.#highWaterBytes) this.#full = true;
	}

	next(): Promise<IteratorResult<Frame>> {
		const frame = this.#frames.shift();
		if (frame !== undefined) {
			this.#bytes -= frame.length + FRAME_OVERHEAD_BYTES;
			if (this.#full && this.#bytes < this.#highWaterBytes / 2) {
				this.#full = false;
				this.#onRoom();
			}
			return Promise.resolve({ done: false, value: frame });
		}
		if (this.#end !== undefined) {
			if (this.#end.error !== undefined) return Promise.reject(this.#end.error);
			return Promise.resolve({ done: true, value: undefined });
		}
		const reader = deferred<IteratorResult<Frame>>();
		this.#readers.push(reader);
		return reader.promise;
	}

	/** Nothing more will come; what is here stays to be read, then iteration ends, or throws `error`. */
	end(error: ContainerBuilderError | undefined): void {
		if (this.#end !== undefined) return;
		this.#end = { error };
		for (const reader of this.#readers.splice(0)) {
			if (error === undefined) reader.resolve({ done: true, value: undefined });
			else reader.reject(error);
		}
	}

	/** As `end`, and what is here is dropped. */
	discard(error: ContainerBuilderError | undefined): void {
		this.#frames.splice(0);
		this.#bytes = 0;
		this.#full = false;
		this.end(error);
	}
}
