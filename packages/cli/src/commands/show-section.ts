import { harmless } from '../output/harmless.js';

const RULE = '-------------';

/** A heading and what stands below it, ruled as in the original; each line is one, whoever has chosen what is in it. */
export function showSection(title: string, entries: readonly (readonly string[])[]): string[] {
	return [RULE, title, RULE, ...entries.flatMap((lines) => [...lines.map(harmless), RULE])];
}
