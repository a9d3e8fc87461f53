/** Claims of a verified token, as they stand in it. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a claim must be: one of these, in which `*` stands for any text. */
export type ClaimPatterns = string | readonly string[];

/** The values of a claim as text; a path goes into objects: `realm_access.roles`. None for what is neither text, number nor yes or no. */
export function claimValues(claims: Claims, path: string): readonly string[] {
	const own = Object.hasOwn(claims, path) ? claims[path] : valueAt(claims, path.split('.'));
	const values: readonly unknown[] = Array.isArray(own) ? own : [own];
	return values
		.filter((value) => ['string', 'number', 'boolean'].includes(typeof value))
		.map((value) => String(value));
}

/** The first claim that is not what it must be; undefined where all are. */
export function unmetClaim(
	claims: Claims,
	required: Readonly<Record<string, ClaimPatterns>>,
): string | undefined {
	return Object.keys(required).find((path) => {
		const patterns = [required[path] ?? []].flat();
		return !claimValues(claims, path).some((value) => patterns.some((pattern) => matches(value, pattern)));
	});
}

function valueAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
	if (key === undefined) return value;
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
	if (!Object.hasOwn(value, key)) return undefined;
	return valueAt((value as Claims)[key], rest);
}

function matches(value: string, pattern: string): boolean {
	const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${parts.join('.*')}$`, 's').test(value);
}
