import {
	type Channel,
	type ChannelRequest,
	ContainerBuilderError,
	type IncomingChannel,
	type Peer,
	type RejectCode,
} from '@olcf/container-builder-core';

/** How an {@link IncomingChannel} of the memory transport tells its connecting side what came of it. */
export interface MemoryHandshake {
	accepted(): Channel;
	rejected(error: ContainerBuilderError): void;
}

/** A connection within this process that waits for an answer. */
export class MemoryIncoming implements IncomingChannel {
	readonly request: ChannelRequest;
	readonly peer: Peer;
	readonly #handshake: MemoryHandshake;
	#answered = false;

	constructor(request: ChannelRequest, handshake: MemoryHandshake, shownFingerprint: string | undefined) {
		this.request = request;
		this.peer = { address: 'memory', confidential: true, local: true, shownFingerprint };
		this.#handshake = handshake;
	}

	get answered(): boolean {
		return this.#answered;
	}

	async accept(): Promise<Channel> {
		if (this.#answered) {
			throw new ContainerBuilderError(
				'connection-lost',
				'the connecting side is gone, or was answered already',
			);
		}
		this.#answered = true;
		return this.#handshake.accepted();
	}

	async reject(code: RejectCode, reason?: string, challenge?: string): Promise<void> {
		if (this.#answered) return;
		this.#answered = true;
		const { shownFingerprint } = this.peer;
		const shown = shownFingerprint === undefined ? {} : { peerFingerprint: shownFingerprint };
		const details = challenge === undefined ? undefined : { challenge, ...shown };
		this.#handshake.rejected(
			new ContainerBuilderError(code, reason ?? `the other side refused: ${code}`, { details }),
		);
	}

	/** The connecting side gave up. */
	forget(): void {
		this.#answered = true;
	}
}
