import type { DefinitionKind } from '../spec/index.js';

const DOCKERFILE_INSTRUCTION = /^\s*(FROM|ARG)\s+[^\s:]/i;
const APPTAINER_LINE = /^\s*(%[a-z]|[a-z][a-z0-9]*\s*:)/i;

/**
 * In which language a definition is written, by its first line that is neither blank nor a comment: `FROM` or `ARG`
 * begins a Dockerfile; `Key: value` or a `%section` an Apptainer definition. Undefined where it is neither.
 */
export function detectDefinitionKind(text: string): DefinitionKind | undefined {
	for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
		if (/^\s*(#|$)/.test(line)) continue;
		if (DOCKERFILE_INSTRUCTION.test(line)) return 'dockerfile';
		return APPTAINER_LINE.test(line) ? 'apptainer' : undefined;
	}
	return undefined;
}
