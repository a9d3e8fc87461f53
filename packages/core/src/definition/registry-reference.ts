import type { HeaderField } from './definition-types.js';

/** The name of an image as a header of agent `docker` or `oras` gives it: `Registry:` and `Namespace:` go before `From:`. */
export function registryReference(
	agent: 'docker' | 'oras',
	fields: ReadonlyMap<string, HeaderField>,
): string {
	const from = fields.get('from')?.value ?? '';
	// apptainer looks at the two for docker only.
	if (agent === 'oras') return from;
	return [fields.get('registry')?.value, fields.get('namespace')?.value, from]
		.filter((part) => part !== undefined && part !== '')
		.join('/');
}
