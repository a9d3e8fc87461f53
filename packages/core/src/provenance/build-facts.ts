import type { BuildDeclaration, BuilderEvent, ImageDigest, ResolvedBase } from '../spec/index.js';

/** What a queue keeps of a build that it may have to sign a provenance of. Times in milliseconds since 1970. */
export interface BuildFacts {
	readonly declaration: BuildDeclaration;
	/** When the lease was granted. */
	readonly grantedAt?: number | undefined;
	/** Told on the connection that the lease was granted on, before the backend started: no recipe had run there. */
	readonly bases?: readonly ResolvedBase[] | undefined;
	/** Told in any other way: a recipe may have had a hand in it. */
	readonly saidBases?: readonly ResolvedBase[] | undefined;
	readonly backend?: string | undefined;
	/** With when it was reported. */
	readonly image?: (ImageDigest & { readonly at: number }) | undefined;
}

/**
 * What is known after a builder has told something. What it told first stays: from the backend's start on a recipe may
 * speak for it. `firsthand`: on the connection that the lease was granted on.
 */
export function factsAfter(
	facts: BuildFacts,
	event: BuilderEvent,
	{ now, firsthand }: { readonly now: number; readonly firsthand: boolean },
): BuildFacts {
	const { backend, image, bases, saidBases } = facts;
	if (event.type === 'backend-start' && backend === undefined) return { ...facts, backend: event.backend };
	if (event.type === 'image' && image === undefined) {
		const { size, sha256 } = event;
		return { ...facts, image: { size, sha256, at: now } };
	}
	if (event.type !== 'bases' || bases !== undefined) return facts;
	if (firsthand && backend === undefined) return { ...facts, bases: event.bases };
	return saidBases === undefined ? { ...facts, saidBases: event.bases } : facts;
}
