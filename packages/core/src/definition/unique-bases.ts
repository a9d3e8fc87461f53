import type { RemoteBase } from './recipe-types.js';

/** Each base where it is named first; without `otherPlatform` where it is named without once. */
export function uniqueBases(bases: readonly RemoteBase[]): readonly RemoteBase[] {
	const found = new Map<string, RemoteBase>();
	for (const base of bases) {
		const key = `${base.transport} ${base.reference}`;
		const known = found.get(key);
		if (known === undefined) found.set(key, base);
		else if (base.otherPlatform === undefined) found.set(key, { ...known, otherPlatform: undefined });
	}
	return [...found.values()];
}
