import { ContainerBuilderError, type ContextEntry, type ContextManifest } from '@olcf/container-builder-core';

/** How many links one path may lead through; the kernel's own limit. */
const MAX_LINKS = 40;

/**
 * What the schema of a manifest cannot say: an entry below something that is no directory, and links that lead
 * out of the context, also by way of other links. Throws `protocol`.
 */
export function checkManifest(manifest: ContextManifest): void {
	const entries = new Map(manifest.entries.map((entry) => [entry.path, entry]));
	for (const { path, type } of manifest.entries) {
		for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
			const parent = entries.get(path.slice(0, end));
			if (parent && parent.type !== 'directory') refuse(`${path} lies below a ${parent.type}`);
		}
		if (type === 'symlink') checkLink(path, entries);
	}
}

/** Walks where the link leads, the way the kernel would. What does not exist is no harm. */
function checkLink(path: string, entries: ReadonlyMap<string, ContextEntry>): void {
	const place: string[] = [];
	const rest = path.split('/').reverse();
	let links = 0;
	for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
		if (part === '' || part === '.') continue;
		if (part === '..') {
			if (place.pop() === undefined) refuse(`the link ${path} leads out of the context`);
			continue;
		}
		place.push(part);
		const entry = entries.get(place.join('/'));
		if (entry?.type !== 'symlink' || entry.target === undefined) continue;
		if (entry.target.startsWith('/')) refuse(`the link ${path} leads out of the context`);
		// The kernel would refuse to follow it, and so does everybody else.
		if (++links > MAX_LINKS) return;
		place.pop();
		rest.push(...entry.target.split('/').reverse());
	}
}

function refuse(what: string): never {
	throw new ContainerBuilderError('protocol', `not a context: ${what}`);
}
