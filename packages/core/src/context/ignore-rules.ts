/** Patterns of Docker's ignore files, with Docker's meaning. */
export interface IgnoreRules {
	/** Throws what the library does where it is no pattern. */
	add(pattern: string): void;
	/** Whether the last pattern that says something of a path, or of a directory above it, excludes it. */
	ignores(path: string): boolean;
}

/** Rules without a pattern yet. */
export async function ignoreRules(): Promise<IgnoreRules> {
	// Few builds need it: the others do not wait for the library.
	const {
		default: { default: dockerignore },
	} = await import('@balena/dockerignore');
	const rules = dockerignore({ ignorecase: false });
	return {
		add: (pattern) => {
			const text = literal(pattern);
			// It says so only when it is first used.
			dockerignore().add(text).ignores('x');
			rules.add(text);
			// It looks paths up in an object that has a `constructor` from the beginning.
			Reflect.set(rules, '_cache', Object.create(null));
		},
		ignores: (path) => rules.ignores(path),
	};
}

/** Of a pattern's characters only `*`, `?`, `[…]` and `\` have a meaning; the library would take it for half an expression. */
function literal(pattern: string): string {
	return pattern.replace(/\\.|\[\^?[^\]]*\]|[+(){}|^]/g, (found) =>
		found.length === 1 ? `\\${found}` : found,
	);
}
