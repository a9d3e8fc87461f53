import type { DefinitionSection } from './definition-types.js';

/** The defaults that `%arguments` gives: `NAME=value` lines; others are skipped, as apptainer does. */
export function parseArguments(sections: readonly DefinitionSection[]): ReadonlyMap<string, string> {
	const defaults = new Map<string, string>();
	for (const { body } of sections.filter(({ name }) => name === 'arguments')) {
		for (const line of body.split('\n')) {
			const text = line.trim();
			const equals = text.indexOf('=');
			const name = text.slice(0, Math.max(equals, 0)).trim();
			if (text.startsWith('#') || name === '') continue;
			defaults.set(name, text.slice(equals + 1).trim());
		}
	}
	return defaults;
}
