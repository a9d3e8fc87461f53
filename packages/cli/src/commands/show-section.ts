const RULE = '-------------';

/** A heading and what stands below it, ruled as in the original. */
export function showSection(title: string, entries: readonly (readonly string[])[]): string[] {
	return [RULE, title, RULE, ...entries.flatMap((lines) => [...lines, RULE])];
}
