import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
	type BuildEvent,
	type ContainerBuilder,
	directoryContext,
	isContainerBuilderError,
} from '@olcf/container-builder';

/** What the service works with. */
export interface BuildServiceOptions {
	readonly builder: Pick<ContainerBuilder, 'build'>;
	/** Where images are kept. */
	readonly directory: string;
	/** Bytes of a recipe. @default 1 MiB */
	readonly maxRecipeBytes?: number;
}

/**
 * `POST /builds` with a recipe as its body answers with the build as server-sent events, each the JSON of a
 * `BuildEvent`; hanging up cancels the build. `GET /images/ID` gives the image of the build ID.
 */
export function buildService(options: BuildServiceOptions): RequestListener {
	return (request, response) => {
		handle(options, request, response).catch((error: unknown) => {
			if (response.headersSent) response.destroy();
			else refuse(response, 500, isContainerBuilderError(error) ? error.message : 'internal error');
		});
	};
}

async function handle(
	{ builder, directory, maxRecipeBytes = 2 ** 20 }: BuildServiceOptions,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const { pathname } = new URL(request.url ?? '/', 'http://service');
	const imageId = /^\/images\/([0-9a-f-]{36})$/.exec(pathname)?.[1];
	if (!isForLoopback(request)) refuse(response, 403, 'for this machine only');
	else if (request.method === 'POST' && pathname === '/builds') {
		const text = await readText(request, maxRecipeBytes);
		if (text === undefined) refuse(response, 413, 'the recipe is too large');
		else await streamBuild(builder, directory, text, response);
	} else if (request.method === 'GET' && imageId !== undefined) {
		await sendImage(join(directory, `${imageId}.sif`), response);
	} else refuse(response, 404, 'POST /builds, or GET /images/ID');
}

async function streamBuild(
	builder: Pick<ContainerBuilder, 'build'>,
	directory: string,
	text: string,
	response: ServerResponse,
): Promise<void> {
	const hangUp = new AbortController();
	response.on('close', () => hangUp.abort());
	const buildId = crypto.randomUUID();
	const build = builder.build(
		{
			definition: { text },
			image: join(directory, `${buildId}.sif`),
			// A recipe from elsewhere has no local files: it must not read this machine's.
			context: directoryContext({ root: directory, paths: [] }),
		},
		{ buildId, signal: hangUp.signal },
	);
	response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
	try {
		for await (const event of build) {
			if (!response.write(serverSentEvent(event))) await drained(response);
		}
	} catch (error) {
		// The last event, `build-end`, has told of it already.
		if (!isContainerBuilderError(error)) throw error;
	}
	response.end();
}

function serverSentEvent(event: BuildEvent): string {
	const data =
		event.type === 'output' ? { ...event, bytes: Buffer.from(event.bytes).toString('base64') } : event;
	return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function sendImage(path: string, response: ServerResponse): Promise<void> {
	const found = await stat(path).catch(() => undefined);
	if (found === undefined) return refuse(response, 404, 'no such image');
	response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': found.size });
	await pipeline(createReadStream(path), response);
}

/** The peer is this machine, and the page that asks is not one of another site (DNS rebinding). */
function isForLoopback({ socket, headers }: IncomingMessage): boolean {
	const local = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(socket.remoteAddress ?? '');
	const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
	return (
		local &&
		(host === 'localhost' || (isIP(host) !== 0 && (host === '127.0.0.1' || host === '::1'))) &&
		headers.origin === undefined
	);
}

async function readText(request: IncomingMessage, limit: number): Promise<string | undefined> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > limit) return undefined;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
}

function drained(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		response.once('drain', resolve);
		response.once('close', resolve);
	});
}

function refuse(response: ServerResponse, status: number, message: string): void {
	response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
	response.end(`${message}\n`);
}
