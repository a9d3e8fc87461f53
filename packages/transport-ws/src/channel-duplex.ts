import { Duplex } from 'node:stream';
import { type Channel, ContainerBuilderError } from '@olcf/container-builder-core';

/** A channel as a stream of bytes, for a protocol that runs inside it. Its back-pressure is the channel's. */
class ChannelDuplex extends Duplex {
	/** As `net.Socket` has it. */
	bytesRead = 0;
	readonly #channel: Channel;
	readonly #frames: AsyncIterator<string | Uint8Array>;
	#reading = false;

	constructor(channel: Channel) {
		super({ decodeStrings: true });
		this.#channel = channel;
		this.#frames = channel[Symbol.asyncIterator]();
	}

	override _read(): void {
		if (this.#reading) return;
		this.#reading = true;
		this.#frames.next().then(
			({ done, value }) => {
				this.#reading = false;
				if (done) this.push(null);
				else if (typeof value === 'string') {
					this.destroy(new ContainerBuilderError('protocol', 'text among the bytes of a relayed connection'));
				} else {
					this.bytesRead += value.length;
					// An empty chunk would be taken for "nothing yet".
					if (value.length === 0) this._read();
					else this.push(value);
				}
			},
			(error: Error) => this.destroy(error),
		);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#channel.send(chunk).then(() => callback(), callback);
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.#channel.close().then(() => callback(), callback);
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		if (error === null) void this.#channel.close();
		else this.#channel.abort(error);
		callback(error);
	}
}

/** Makes a stream of a channel, which then belongs to the stream. */
export function channelDuplex(channel: Channel): Duplex & { readonly bytesRead: number } {
	return new ChannelDuplex(channel);
}
