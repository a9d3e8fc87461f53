import { createHash } from 'node:crypto';
import type { Channel, ContextEntry, ContextManifest, Frame } from '@olcf/container-builder-core';
import { contextDaemonSchema, encodeManifest, parseFrame } from '@olcf/container-builder-core/protocol';
import { type Header, pack } from 'tar-stream';
import type { StartedBuilder } from './start-builder.js';

export const sha256 = (bytes: Uint8Array | string): string =>
	createHash('sha256').update(bytes).digest('hex');

/** An entry of an archive, as somebody hostile would write it. */
export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: Uint8Array | string };

export async function tar(entries: readonly TarEntry[]): Promise<Buffer> {
	const archive = pack();
	for (const { content, ...header } of entries) {
		if (content === undefined) archive.entry(header).end(undefined);
		else archive.entry(header, content);
	}
	archive.finalize();
	const parts: Uint8Array[] = [];
	for await (const part of archive) parts.push(part as Uint8Array);
	return Buffer.concat(parts);
}

export function file(path: string, content: Uint8Array | string, mode = 0o644): ContextEntry {
	return { path, type: 'file', mode, size: Buffer.byteLength(content), sha256: sha256(content) };
}

export const directory = (path: string, mode = 0o755): ContextEntry => ({
	path,
	type: 'directory',
	mode,
	size: 0,
});
export const link = (path: string, target: string): ContextEntry => ({
	path,
	type: 'symlink',
	mode: 0o777,
	size: 0,
	target,
});
export const hardLink = (path: string, target: string, mode = 0o644): ContextEntry => ({
	path,
	type: 'link',
	mode,
	size: 0,
	target,
});

/** A manifest that nobody has checked. */
export function uncheckedManifest(entries: readonly ContextEntry[]): ContextManifest {
	const size = entries.reduce((sum, entry) => sum + entry.size, 0);
	return { entries, size, digest: sha256(encodeManifest(entries)) };
}

export const contextOf = (manifest: ContextManifest) => ({
	digest: manifest.digest,
	size: manifest.size,
	entries: manifest.entries.length,
});

type Reply = ReturnType<typeof parseReply>;
const parseReply = (frame: Frame) => parseFrame(contextDaemonSchema, frame);

/** The client's side of one channel `context`, by hand. */
export class ContextChannel {
	readonly channel: Channel;
	readonly #frames: AsyncIterator<Frame>;

	constructor(channel: Channel) {
		this.channel = channel;
		this.#frames = channel[Symbol.asyncIterator]();
	}

	static async open(
		builder: StartedBuilder,
		digest: string,
		encodings = ['identity'],
	): Promise<ContextChannel> {
		const { transport, url, token } = builder;
		const opened = new ContextChannel(
			await transport.connect({ url }, { channel: 'context', version: 1, token }),
		);
		await opened.say({ type: 'open', digest, encodings });
		return opened;
	}

	say(message: object): Promise<void> {
		return this.channel.send(JSON.stringify(message));
	}

	async reply(): Promise<Reply> {
		const { value, done } = await this.#frames.next();
		if (done) throw new Error('the channel has ended');
		return parseReply(value);
	}

	async sendManifest(manifest: ContextManifest): Promise<void> {
		const bytes = encodeManifest(manifest.entries);
		await this.say({ type: 'manifest', size: bytes.length });
		await this.channel.send(bytes);
	}

	/** All in one go; resolves with the last reply. */
	async sendAll(manifest: ContextManifest, archive: Uint8Array): Promise<Reply> {
		await this.reply();
		try {
			await this.sendManifest(manifest);
			await this.say({ type: 'archive', from: 0 });
			await this.channel.send(archive);
			await this.say({ type: 'end', size: archive.length });
		} catch {
			// Refused meanwhile; the reply tells.
		}
		return await this.reply();
	}
}
