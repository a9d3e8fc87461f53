/**
 * What a pattern matches below `root`, as in a POSIX shell: `*`, `?` and `[…]` within one part of the path, a dot at
 * its beginning only where it is written. Nothing else has a meaning.
 */
export async function matchWildcards(pattern: string, root: string): Promise<readonly string[]> {
	// Few definitions have wildcards: the others do not wait for the library.
	const { glob } = await import('tinyglobby');
	const found = await glob([escaped(pattern)], {
		cwd: root,
		dot: false,
		onlyFiles: false,
		expandDirectories: false,
		braceExpansion: false,
		extglob: false,
		globstar: false,
		followSymbolicLinks: true,
	});
	const parts = pattern.split('/');
	return found
		.map((path) => path.replace(/\/$/, ''))
		.filter((path) => path.split('/').every((part, at) => part[0] !== '.' || parts[at]?.[0] === '.'));
}

/** Leaves `*`, `?` and `[…]` their meaning, and nothing else. */
function escaped(pattern: string): string {
	return pattern.replace(/[\\(){}|+@]|^!/g, '\\$&');
}
