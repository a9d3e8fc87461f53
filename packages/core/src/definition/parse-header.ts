import { BOOTSTRAP_AGENTS, isHeaderKey } from './definition-rules.js';
import type { DefinitionProblem, HeaderField } from './definition-types.js';
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
			problems.push({ message: `there is no header field ${field.key}`, position: field.position });
		}
		fields.set(field.key, field);
	};

	for (const line of lines) {
		if (/^\s*(#|$)/.test(line.text)) {
			if (open !== undefined) add(open);
			open = undefined;
			continue;
		}
		const text = line.text.split('#')[0] ?? '';
		const field: HeaderField | undefined =
			open === undefined ? readField(source, text, line.start) : { ...open, value: open.value + text.trim() };
		open = undefined;
		if (field === undefined) {
			problems.push({
				message: `${JSON.stringify(text.trim())} is neither a header field (Key: value) nor in a section`,
				position: source.position(line.start + line.text.search(/\S/)),
			});
		} else if (field.value.endsWith('\\')) {
			const value = field.value.slice(0, -1);
			open = { ...field, value: value.endsWith('\\n') ? `${value.slice(0, -2)}\n` : value };
		} else add(field);
	}
	if (open !== undefined) add(open);
	return { fields, problems };
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

/** What a header lacks, or asks for in vain. */
export function checkHeader(fields: ReadonlyMap<string, HeaderField>): DefinitionProblem[] {
	const bootstrap = fields.get('bootstrap');
	if (bootstrap === undefined) return [];
	const agent = bootstrap.value;
	const required = BOOTSTRAP_AGENTS.get(agent);
	if (agent === '') return [{ message: 'Bootstrap: names no agent', position: bootstrap.position }];
	if (required === undefined) {
		const lower = agent.toLowerCase();
		const advice = BOOTSTRAP_AGENTS.has(lower)
			? `write ${lower}`
			: `there are ${[...BOOTSTRAP_AGENTS.keys()].join(', ')}`;
		return [
			{ message: `there is no bootstrap agent ${agent}: ${advice}`, position: bootstrap.valuePosition },
		];
	}
	if (agent === 'docker-daemon') {
		const message =
			'the Docker daemon of this machine cannot be reached from a builder: docker save the image, and use docker-archive';
		return [{ message, position: bootstrap.valuePosition }];
	}
	return required
		.filter((key) => (fields.get(key.toLowerCase())?.value ?? '') === '')
		.map((key) => ({
			message: `Bootstrap: ${agent} needs a line ${key}:`,
			position: fields.get(key.toLowerCase())?.position ?? bootstrap.position,
		}));
}
