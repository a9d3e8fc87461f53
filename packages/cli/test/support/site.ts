import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import { type Backend, BuilderQueue, type ImageRepository } from '@olcf/container-builder-core';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { noneAuthenticator, serveQueue } from '@olcf/container-builder-queue';
import { type FakeProvider, fakeProvider } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { onTestFinished } from 'vitest';

/** A queue with builders, all in this process, reached over unix sockets as from another one. */
export interface Site {
	readonly url: string;
	/** For definitions and images. */
	readonly directory: string;
	readonly queue: BuilderQueue;
	readonly provider: FakeProvider;
}

/** What a site is like. */
export interface SiteOptions {
	/** Stands in for the backend; `$IMAGE` is what it has to make, `$DEFINITION` what from. */
	readonly backend?: string;
	/** Stands in for buildah. */
	readonly buildah?: Backend['execute'];
	readonly max?: number;
	readonly reserve?: number;
	readonly images?: readonly ImageRepository[];
}

/** Starts a site that ends with the test. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
	const { backend = 'cp "$DEFINITION" "$IMAGE"', buildah, max = 2, reserve = 0 } = options;
	const directory = await mkdtemp(join(tmpdir(), 'cli-site-'));
	let count = 0;
	const provider = fakeProvider({
		onBoot: async (_machine, bootstrap) => {
			const name = `b${++count}`;
			const listen = { url: `ws+unix://${directory}/${name}.sock` };
			const server = await serveBuilder({
				transport: ws(),
				backends: [
					script(['/bin/sh', '-c', backend], { name: 'apptainer', graceMs: 500 }),
					...(buildah === undefined
						? []
						: [{ ...script(['false'], { name: 'buildah', kinds: ['dockerfile'] }), execute: buildah }]),
				],
				bootstrap: { ...decodeBootstrap(bootstrap), listen },
				directory: join(directory, name),
			});
			return { endpoint: listen, close: () => server.close() };
		},
	});
	const { images } = options;
	const queue = new BuilderQueue({
		provider,
		transports: [ws()],
		owner: 'site',
		pool: { max, reserve },
		version: '1.2.3',
		catalogue: images === undefined ? undefined : async () => images,
	});
	const url = `ws+unix://${directory}/queue.sock`;
	const server = await serveQueue({
		queue,
		transport: ws(),
		listen: [url],
		authenticators: [noneAuthenticator()],
	});
	onTestFinished(async () => {
		await queue.close();
		await server.close();
		await provider[Symbol.asyncDispose]();
		await rm(directory, { recursive: true, force: true });
	});
	return { url, directory, queue, provider };
}
