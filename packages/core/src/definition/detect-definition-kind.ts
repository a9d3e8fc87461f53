import type { DefinitionKind } from '../spec/index.js';

const DOCKERFILE_LINE = /^[ \t]*(FROM|ARG)[ \t]+[^\s:]/i;
const APPTAINER_LINE = /^[ \t]*(%[a-z]|[a-z][a-z0-9]*[ \t]*:)/i;

/**
 * In which language a definition is written, by its first line that is neither blank nor a comment: `FROM` or `ARG`
 * begins a Dockerfile; `Key: value` or a `%section` an Apptainer definition. Where that line is neither, a `Bootstrap:`
 * further down tells, then a `FROM`. Undefined where there is none of them.
 */
export function detectDefinitionKind(text: string): DefinitionKind | undefined {
	const lines = text.replace(/^\uFEFF/, '').split('\n');
	const first = lines.find((line) => !/^\s*(#|$)/.test(line)) ?? '';
	if (DOCKERFILE_LINE.test(first)) return 'dockerfile';
	if (APPTAINER_LINE.test(first)) return 'apptainer';
	if (lines.some((line) => /^bootstrap:/i.test(line))) return 'apptainer';
	return lines.some((line) => /^[ \t]*FROM[ \t]+[^\s:]/i.test(line)) ? 'dockerfile' : undefined;
}
