import {
	type Deferred,
	deferred,
	type Endpoint,
	type IncomingChannel,
	type Listener,
} from '@olcf/container-builder-core';
import type { MemoryIncoming } from './memory-incoming.js';

/** Takes connections under one name. */
export class MemoryListener implements Listener {
	readonly endpoints: readonly Endpoint[];
	readonly fingerprint: string | undefined;
	readonly maxFrameBytes: number;
	readonly #onClose: () => void;
	readonly #waiting: MemoryIncoming[] = [];
	readonly #readers: Deferred<IteratorResult<IncomingChannel>>[] = [];
	#closed = false;

	constructor(options: {
		url: string;
		fingerprint: string | undefined;
		maxFrameBytes: number;
		onClose: () => void;
	}) {
		const { url, fingerprint } = options;
		this.endpoints = [{ url, ...(fingerprint === undefined ? {} : { fingerprint }) }];
		this.fingerprint = fingerprint;
		this.maxFrameBytes = options.maxFrameBytes;
		this.#onClose = options.onClose;
	}

	offer(incoming: MemoryIncoming): void {
		const reader = this.#readers.shift();
		if (reader === undefined) this.#waiting.push(incoming);
		else reader.resolve({ done: false, value: incoming });
	}

	[Symbol.asyncIterator](): AsyncIterator<IncomingChannel> {
		return { next: () => this.#next() };
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		this.#onClose();
		for (const incoming of this.#waiting.splice(0))
			await incoming.reject('queue-closed', 'the listener was closed');
		for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#next(): Promise<IteratorResult<IncomingChannel>> {
		for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
			if (!first.answered) return Promise.resolve({ done: false, value: first });
		}
		if (this.#closed) return Promise.resolve({ done: true, value: undefined });
		const reader = deferred<IteratorResult<IncomingChannel>>();
		this.#readers.push(reader);
		return reader.promise;
	}
}
