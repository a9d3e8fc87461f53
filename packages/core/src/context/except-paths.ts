import { relative, resolve } from 'node:path';
import type { Exclusion } from './walk-files.js';

/** Leaves out these paths, absolute or relative to `root`, with all below them, besides what `also` leaves out. */
export function exceptPaths(root: string, paths: readonly string[], also?: Exclusion): Exclusion {
	const excepted = new Set(paths.map((path) => relative(root, resolve(root, path))));
	return {
		excludes: (path) => excepted.has(path) || also?.excludes(path) === true,
		mayWantBelow: (path) => !excepted.has(path) && also?.mayWantBelow(path) === true,
	};
}
