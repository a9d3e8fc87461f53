import { posix } from 'node:path';

/** A path as it stands in a context: relative, without `.`, `..` and slash at its end; undefined where it leaves the root. */
export function contextPath(path: string): string | undefined {
	if (path.startsWith('/')) return undefined;
	const normal = posix.normalize(path).replace(/\/+$/, '');
	return normal === '..' || normal.startsWith('../') ? undefined : normal || '.';
}
