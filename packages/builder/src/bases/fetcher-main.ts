import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { decodeSealedLogins, makeSealingKey } from '@olcf/container-builder-core/protocol';
import { fileError } from '../build/disk-full.js';
import { fetchBases } from './fetch-bases.js';
import { type FetchMessage, fetchRequestSchema } from './fetch-messages.js';

/** What {@link fetcherMain} takes from its process. */
export interface FetcherMainOptions {
	readonly input: Readable;
	readonly output: Writable;
	/** Of skopeo. */
	readonly environment: NodeJS.ProcessEnv;
}

/**
 * The process that knows registry logins, the site's too, and nothing else does: says its public key, takes one
 * request, brings the bases, and ends; also when its input ends before. Resolves with the exit status, never rejects.
 */
export async function fetcherMain({ input, output, environment }: FetcherMainOptions): Promise<number> {
	const key = makeSealingKey();
	const say = (message: object): void => void output.write(`${JSON.stringify(message)}\n`);
	say({ publicKey: key.publicKey });
	const stop = new AbortController();
	const lines = createInterface({ input });
	lines.once('close', () => stop.abort());
	const line = await firstLine(lines);
	if (line === undefined) return 0;
	try {
		const { sealed, ...request } = readRequest(line);
		const siteLogins = sealed === undefined ? [] : decodeSealedLogins(key, sealed.box, sealed.lease);
		say(await fetchBases({ ...request, siteLogins }, { environment, signal: stop.signal }));
		return 0;
	} catch (error) {
		say({ error: fileError(error).toJSON() });
		return 1;
	} finally {
		lines.close();
		input.destroy();
	}
}

function firstLine(lines: ReturnType<typeof createInterface>): Promise<string | undefined> {
	return new Promise((resolve) => {
		lines.once('line', resolve);
		lines.once('close', () => resolve(undefined));
	});
}

/** What is wrong with it is not told: there are logins in it. */
function readRequest(line: string): FetchMessage {
	try {
		return fetchRequestSchema.parse(JSON.parse(line));
	} catch {
		throw new ContainerBuilderError('protocol', 'the fetcher of bases was not told what to do');
	}
}
