import {
	type Channel,
	ContainerBuilderError,
	type ContextManifest,
	deferred,
	type Frame,
} from '@olcf/container-builder-core';
import { contextClientSchema, decodeManifest, parseFrame } from '@olcf/container-builder-core/protocol';
import { checkManifest } from './check-manifest.js';
import { ContextUnpacker } from './context-unpacker.js';
import { type ContextEncoding, chooseEncoding, decodeFrame } from './decode-frame.js';

/** Most bytes of a manifest. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/** What a build's context will be, as its request says. */
export interface ExpectedContext {
	readonly digest: string;
	readonly size: number;
	readonly entries: number;
}

/** Takes one context over as many channels as it needs, each going on where the last one broke. */
export class ContextReceiver {
	/** Resolves when the context is complete; rejects with what makes it impossible. */
	readonly verified: Promise<void>;
	readonly #outcome = deferred<void>();
	readonly #directory: string;
	readonly #expected: ExpectedContext;
	readonly #onProgress: (fileBytes: number) => void;
	#unpacker: ContextUnpacker | undefined;
	#current: { readonly channel: Channel; readonly done: Promise<void> } | undefined;
	readonly #refused = new WeakSet<Channel>();
	#complete = false;
	#failure: ContainerBuilderError | undefined;

	constructor(options: {
		readonly directory: string;
		readonly expected: ExpectedContext;
		readonly onProgress: (fileBytes: number) => void;
	}) {
		this.#directory = options.directory;
		this.#expected = options.expected;
		this.#onProgress = options.onProgress;
		this.verified = this.#outcome.promise;
		this.verified.catch(() => {});
	}

	/** Serves one channel `context`; one that is open already is taken for broken. Never rejects. */
	async serve(channel: Channel): Promise<void> {
		const previous = this.#current;
		previous?.channel.abort('another channel goes on with the context');
		const done = (previous?.done ?? Promise.resolve()).then(() => this.#serve(channel));
		this.#current = { channel, done };
		await done;
	}

	/** Nothing more is wanted. Idempotent. */
	async close(error: ContainerBuilderError): Promise<void> {
		if (!this.#complete) this.#fail(error);
		await this.#unpacker?.close();
	}

	async #serve(channel: Channel): Promise<void> {
		const say = (message: object): Promise<void> => channel.send(JSON.stringify(message));
		try {
			await this.#receive(channel[Symbol.asyncIterator](), say);
			if (!this.#complete) return;
			await say({ type: 'verified' });
			await channel.close();
		} catch (error) {
			const told = ContainerBuilderError.from(error);
			if (told.code !== 'connection-lost') await this.#refuse(channel, told);
		}
	}

	async #refuse(channel: Channel, error: ContainerBuilderError): Promise<void> {
		if (this.#refused.has(channel)) return;
		this.#refused.add(channel);
		await channel.send(JSON.stringify({ type: 'failure', error: error.toJSON() })).catch(() => {});
		await channel.close({ code: error.code === 'protocol' ? 'protocol' : 'normal' });
	}

	/** Returns when the context is complete, or the channel has ended. */
	async #receive(frames: AsyncIterator<Frame>, say: (message: object) => Promise<void>): Promise<void> {
		const first = await frames.next();
		if (first.done) return;
		const open = parseFrame(contextClientSchema, first.value);
		if (open.type !== 'open') throw outOfOrder(open.type);
		if (open.digest !== this.#expected.digest) {
			throw new ContainerBuilderError(
				'digest-mismatch',
				'this is not the context that the build was started with',
			);
		}
		if (this.#failure) throw this.#failure;
		if (this.#complete) return;
		const encoding = chooseEncoding(open.encodings);
		const offset = this.#unpacker?.offset ?? 0;
		await say({ type: 'have', manifest: this.#unpacker !== undefined, offset, encoding });
		let archive = false;
		for (let next = await frames.next(); !next.done; next = await frames.next()) {
			if (typeof next.value !== 'string') {
				if (!archive) throw outOfOrder('bytes');
				await this.#takeArchive(next.value, encoding);
				continue;
			}
			const message = parseFrame(contextClientSchema, next.value);
			if (message.type === 'manifest' && !this.#unpacker) await this.#takeManifest(frames, message.size);
			else if (message.type === 'archive' && this.#unpacker?.offset === message.from) archive = true;
			else if (message.type === 'end' && archive) return await this.#takeEnd(message);
			else throw outOfOrder(message.type);
		}
	}

	async #takeManifest(frames: AsyncIterator<Frame>, size: number): Promise<void> {
		if (size > MAX_MANIFEST_BYTES) {
			throw this.#fail(new ContainerBuilderError('size-limit', 'the manifest of the context is too large'));
		}
		const parts: Uint8Array[] = [];
		let received = 0;
		while (received < size) {
			const next = await frames.next();
			if (next.done) return;
			if (typeof next.value === 'string') throw outOfOrder('a message');
			parts.push(next.value);
			received += next.value.length;
		}
		if (received !== size) throw outOfOrder('more than the manifest');
		try {
			const manifest = decodeManifest(Buffer.concat(parts), this.#expected.digest);
			this.#check(manifest);
			this.#unpacker = new ContextUnpacker(this.#directory, manifest, (error) => this.#fail(error));
		} catch (error) {
			throw this.#fail(ContainerBuilderError.from(error, 'protocol'));
		}
	}

	#check(manifest: ContextManifest): void {
		checkManifest(manifest);
		if (manifest.size !== this.#expected.size || manifest.entries.length !== this.#expected.entries) {
			throw new ContainerBuilderError('protocol', 'the manifest is not as large as the build was told');
		}
	}

	async #takeArchive(frame: Uint8Array, encoding: ContextEncoding): Promise<void> {
		const chunk = await decodeFrame(encoding, frame);
		try {
			await this.#unpacker?.write(chunk);
		} catch (error) {
			throw this.#fail(ContainerBuilderError.from(error));
		}
		this.#onProgress(this.#unpacker?.fileBytes ?? 0);
	}

	async #takeEnd({ size }: { readonly size: number }): Promise<void> {
		try {
			await this.#unpacker?.finish(size);
		} catch (error) {
			throw this.#fail(ContainerBuilderError.from(error));
		}
		if (this.#failure) throw this.#failure;
		this.#complete = true;
		this.#onProgress(this.#expected.size);
		this.#outcome.resolve();
	}

	/** Final: no further channel can mend it. */
	#fail(error: ContainerBuilderError): ContainerBuilderError {
		this.#failure ??= error;
		this.#outcome.reject(this.#failure);
		// Also where the other side says nothing now.
		if (this.#current) void this.#refuse(this.#current.channel, this.#failure);
		return this.#failure;
	}
}

function outOfOrder(what: string): ContainerBuilderError {
	return new ContainerBuilderError('protocol', `${what} where the context's protocol has no place for it`);
}
