import type { OptionSpecification } from '../options/option-table.js';

/** What stands behind an option, as far as a shell can help with it. */
export type ValueKind = 'none' | 'choices' | 'file' | 'directory' | 'text';

/** By the type of the option, and by what help shows in its place. */
export function valueKind({ type, choices, placeholder }: OptionSpecification): ValueKind {
	if (type === 'boolean') return 'none';
	if (choices !== undefined) return 'choices';
	if (placeholder === 'FILE') return 'file';
	return placeholder === 'DIR' ? 'directory' : 'text';
}
