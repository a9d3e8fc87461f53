import type { ContextEntry } from '../spec/index.js';

/** How many links one path may lead through; the kernel's own limit. */
const MAX_LINKS = 40;

/** The first symbolic link of a context that leads out of it, be it by way of other links; undefined where none does. */
export function escapingLink(entries: readonly ContextEntry[]): ContextEntry | undefined {
	const links = new Map(
		entries.flatMap(({ path, type, target }) => (type === 'symlink' ? [[path, target ?? '/'] as const] : [])),
	);
	return entries.find(({ path, type }) => type === 'symlink' && leadsOut(path, links));
}

/** Walks where the link leads, the way the kernel would. What does not exist is no harm. */
function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
	const place: string[] = [];
	const rest = path.split('/').reverse();
	let followed = 0;
	for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
		if (part === '' || part === '.') continue;
		if (part === '..') {
			if (place.pop() === undefined) return true;
			continue;
		}
		place.push(part);
		const target = links.get(place.join('/'));
		if (target === undefined) continue;
		if (target.startsWith('/')) return true;
		// The kernel would refuse to follow it, and so does everybody else.
		if (++followed > MAX_LINKS) return false;
		place.pop();
		rest.push(...target.split('/').reverse());
	}
	return false;
}
