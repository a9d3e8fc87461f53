import type { RemoteBase } from './recipe-types.js';

/** Each base where it is named first. */
export function uniqueBases(bases: readonly RemoteBase[]): readonly RemoteBase[] {
	const found = new Map<string, RemoteBase>();
	for (const base of bases) {
		const key = `${base.transport} ${base.reference}`;
		if (!found.has(key)) found.set(key, base);
	}
	return [...found.values()];
}
