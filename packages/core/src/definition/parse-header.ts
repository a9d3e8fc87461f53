import { HEADER_FIELDS, isHeaderKey } from './definition-rules.js';
import type { DefinitionProblem, HeaderField } from './definition-types.js';
import { didYouMean } from './did-you-mean.js';
import { errorAt, warningAt } from './problem.js';
import type { SourceText } from './source-text.js';
import type { Line } from './split-definition.js';

/** The fields of a header, and what is wrong with them. */
export interface ParsedHeader {
	readonly fields: ReadonlyMap<string, HeaderField>;
	readonly problems: readonly DefinitionProblem[];
}

/** Reads `Key: value` lines: keys in any case, comments from `#` on, a `\` at the end continues a value. */
export function parseHeader(source: SourceText, lines: readonly Line[]): ParsedHeader {
	const fields = new Map<string, HeaderField>();
	const problems: DefinitionProblem[] = [];
	let open: HeaderField | undefined;
	const add = (field: HeaderField): void => {
		if (!isHeaderKey(field.key)) {
			const advice = didYouMean(field.key, HEADER_FIELDS);
			problems.push(errorAt(field.position, `there is no header field ${field.key}${advice}`));
		}
		const earlier = fields.get(field.key);
		if (earlier !== undefined) {
			const message = `${titleOf(field.key)} stands in line ${earlier.position.line} already: this one counts`;
			problems.push(warningAt(field.position, message));
		}
		fields.set(field.key, field);
	};

	for (const line of lines) {
		if (/^\s*(#|$)/.test(line.text)) {
			if (open !== undefined) problems.push(unfinished(open));
			open = undefined;
			continue;
		}
		const text = line.text.split('#')[0] ?? '';
		const field: HeaderField | undefined =
			open === undefined ? readField(source, text, line.start) : { ...open, value: open.value + text.trim() };
		open = undefined;
		if (field === undefined) {
			problems.push(
				errorAt(
					source.position(line.start + line.text.search(/\S/)),
					`${JSON.stringify(text.trim())} is neither a header field (Key: value) nor in a section`,
				),
			);
		} else if (field.value.endsWith('\\')) {
			const value = field.value.slice(0, -1);
			open = { ...field, value: value.endsWith('\\n') ? `${value.slice(0, -2)}\n` : value };
		} else add(field);
	}
	if (open !== undefined) problems.push(unfinished(open));
	return { fields, problems };
}

/** A key as the documents write it. */
function titleOf(key: string): string {
	return HEADER_FIELDS.find((field) => field.toLowerCase() === key) ?? key;
}

/** Over a comment there apptainer crashes, and at the end of the header it forgets the field. */
function unfinished({ key, position }: HeaderField): DefinitionProblem {
	return errorAt(position, `${titleOf(key)} ends with \\, and the next line does not go on with it`);
}

function readField(source: SourceText, text: string, start: number): HeaderField | undefined {
	const colon = text.indexOf(':');
	if (colon < 0) return undefined;
	const value = text.slice(colon + 1);
	return {
		key: text.slice(0, colon).trim().toLowerCase(),
		value: value.trim(),
		position: source.position(start + text.search(/\S/)),
		valuePosition: source.position(start + colon + 1 + Math.max(value.search(/\S/), 0)),
	};
}
