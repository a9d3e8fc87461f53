import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	canceledError,
	isContainerBuilderError,
	linkSignal,
	type RegistryLogin,
} from '@olcf/container-builder-core';
import { nativeArchitecture } from '../emulation/native-architecture.js';
import { withAuthFile } from './auth-file.js';
import { baseError, isRefusal } from './base-error.js';
import { type BaseReference, isLoopbackRegistry, parseBaseReference, sourceOf } from './base-reference.js';
import { checkArchitecture } from './check-architecture.js';
import { chooseLogin } from './choose-login.js';
import {
	type FetchedBase,
	type FetchOutcome,
	type FetchRequest,
	IMAGE_DIRECTORY,
	TOP_MANIFEST,
	type WantedBase,
} from './fetch-types.js';
import { Skopeo } from './skopeo.js';

/** How long all look-ups without a login may take together. */
const LOOK_UP_LIMIT_MS = 10_000;
/** How long a registry with a login may take to tell what a base is. */
const ANSWER_LIMIT_MS = 60_000;
/** Look-ups at a time. */
const LOOK_UPS = 6;

/** What {@link fetchBases} runs in. */
export interface FetchOptions {
	/** Of skopeo. */
	readonly environment: NodeJS.ProcessEnv;
	/** Ends skopeo, too. */
	readonly signal?: AbortSignal | undefined;
}

/**
 * Brings those bases for whose registry there is a login, and looks the others up, as far as their registries answer
 * in a short time. Rejects with why one of the first kind cannot be brought; nothing in there is a login's.
 */
export async function fetchBases(request: FetchRequest, options: FetchOptions): Promise<FetchOutcome> {
	const skopeo = new Skopeo(options.environment);
	const planned = request.bases.map((base, index) => ({ base, index, found: findLogin(request, base) }));
	const stop = linkSignal(options.signal);
	const lookedUp = lookUp(
		skopeo,
		request,
		planned.flatMap(({ base, found }) => (found === undefined ? [base] : [])),
		stop.signal,
	);
	// It is awaited when the others are there.
	lookedUp.catch(() => {});
	try {
		const brought: FetchedBase[] = [];
		for (const { base, index, found } of planned) {
			if (found === undefined) continue;
			const directory = join(request.directory, String(index));
			brought.push(await bring(skopeo, { request, base, directory, ...found, signal: stop.signal }));
		}
		const { bases, refused } = await lookedUp;
		if (options.signal?.aborted) throw canceledError(options.signal);
		const all = [...brought, ...bases];
		const inOrder = request.bases.flatMap(
			(wanted) => all.find(({ reference }) => reference === wanted.reference) ?? [],
		);
		return { bases: inOrder, refused };
	} finally {
		stop.abort();
		stop.dispose();
		await lookedUp.catch(() => {});
	}
}

interface FoundLogin {
	readonly login: RegistryLogin;
	readonly whose: 'your' | "the site's";
}

function findLogin({ logins, siteLogins }: FetchRequest, { reference }: WantedBase): FoundLogin | undefined {
	const { name } = parseBaseReference(reference);
	const own = chooseLogin(logins, name);
	if (own !== undefined) return { login: own, whose: 'your' };
	const login = chooseLogin(siteLogins, name);
	return login && { login, whose: "the site's" };
}

interface Bringing extends FoundLogin {
	readonly request: FetchRequest;
	readonly base: WantedBase;
	/** Is made. */
	readonly directory: string;
	readonly signal: AbortSignal;
}

async function bring(skopeo: Skopeo, bringing: Bringing): Promise<FetchedBase> {
	const { request, base, directory, login, whose, signal } = bringing;
	const parsed = parseBaseReference(base.reference);
	const { name, registry } = parsed;
	try {
		return await withAuthFile(request.memoryDirectory, registry, login, async (authFile) => {
			const call = { plainHttp: isLoopbackRegistry(registry), authFile, signal };
			const top = await skopeo.manifest(sourceOf(parsed), { ...call, timeoutMs: ANSWER_LIMIT_MS });
			const digest = digestOf(top, parsed);
			await mkdir(directory, { mode: 0o711 });
			await writeFile(join(directory, TOP_MANIFEST), top);
			const image = join(directory, IMAGE_DIRECTORY);
			// By digest: what a tag means may change meanwhile.
			const source = `docker://${name}@${digest}`;
			if (isForeign(request, base)) {
				await checkArchitecture(skopeo, { ...base, source }, request.architecture, call);
			}
			await skopeo.copy(source, image, request.architecture, call);
			return { ...base, digest, directory };
		});
	} catch (error) {
		throw baseError(error, { reference: base.reference, registry, login, whose });
	}
}

/** Whether it must be made sure that a base is of the architecture that is built for. */
function isForeign({ architecture }: FetchRequest, { transport, otherPlatform }: WantedBase): boolean {
	return transport === 'docker' && otherPlatform === undefined && architecture !== nativeArchitecture();
}

/** Rejects only with what {@link checkArchitecture} finds. */
async function lookUp(
	skopeo: Skopeo,
	request: FetchRequest,
	bases: readonly WantedBase[],
	signal: AbortSignal,
): Promise<FetchOutcome> {
	const until = performance.now() + LOOK_UP_LIMIT_MS;
	const left = [...bases];
	const found: FetchedBase[] = [];
	const refused: string[] = [];
	const work = async (): Promise<void> => {
		for (let base = left.shift(); base !== undefined; base = left.shift()) {
			const timeoutMs = Math.floor(until - performance.now());
			if (timeoutMs <= 0 || signal.aborted) return;
			const parsed = parseBaseReference(base.reference);
			try {
				const plainHttp = isLoopbackRegistry(parsed.registry);
				const source = sourceOf(parsed);
				const top = await skopeo.manifest(source, { plainHttp, timeoutMs, signal });
				found.push({ ...base, digest: digestOf(top, parsed) });
				if (isForeign(request, base)) {
					const call = { plainHttp, timeoutMs, signal };
					await checkArchitecture(skopeo, { ...base, source }, request.architecture, call);
				}
			} catch (error) {
				if (isContainerBuilderError(error)) throw error;
				// The backend will say what is wrong with it, if anything is.
				if (isRefusal(error)) refused.push(base.reference);
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(LOOK_UPS, bases.length) }, work));
	return { bases: found, refused };
}

/** Of a reference that has one, skopeo has compared. */
function digestOf(manifest: Uint8Array, { digest }: BaseReference): string {
	return digest ?? `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
}
