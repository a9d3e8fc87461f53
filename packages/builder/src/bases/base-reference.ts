/** The parts of a base's reference. */
export interface BaseReference {
	/** With its registry: `docker.io/library/debian`. */
	readonly name: string;
	/** `docker.io`, `registry.example:5000`. */
	readonly registry: string;
	/** What is left of the name: `library/debian`. */
	readonly repository: string;
	readonly tag?: string | undefined;
	/** `sha256:…` */
	readonly digest?: string | undefined;
}

/** Takes a complete reference apart: with its registry, and with tag or digest or both. */
export function parseBaseReference(reference: string): BaseReference {
	const [named = '', digest] = reference.split('@', 2);
	const colon = named.lastIndexOf(':');
	const tagged = colon > named.lastIndexOf('/');
	const name = tagged ? named.slice(0, colon) : named;
	const slash = name.indexOf('/');
	return {
		name,
		registry: name.slice(0, Math.max(slash, 0)),
		repository: name.slice(slash + 1),
		tag: tagged ? named.slice(colon + 1) : undefined,
		digest,
	};
}

/** What skopeo takes: it refuses a tag beside a digest, which says all. */
export function sourceOf({ name, tag, digest }: BaseReference): string {
	return digest === undefined ? `docker://${name}:${tag ?? 'latest'}` : `docker://${name}@${digest}`;
}

/** Whether a registry is on this machine: such a one may speak plain HTTP, as Docker has it. */
export function isLoopbackRegistry(registry: string): boolean {
	return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(registry);
}
