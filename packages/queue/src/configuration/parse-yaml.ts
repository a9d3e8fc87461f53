import { ContainerBuilderError } from '@olcf/container-builder-core';
import { LineCounter, parseDocument } from 'yaml';
import { type FilePosition, positionOf } from './yaml-positions.js';

/** What a document is checked by; a schema of zod is one. Its messages say what a value must be. */
export interface YamlSchema<T> {
	safeParse(value: unknown):
		| { readonly success: true; readonly data: T }
		| {
				readonly success: false;
				readonly error: {
					readonly issues: readonly {
						readonly path: readonly PropertyKey[];
						readonly message: string;
						readonly code?: string | undefined;
						readonly keys?: readonly string[] | undefined;
					}[];
				};
		  };
}

/**
 * The contents of a YAML file; an empty one is `{}`. `path` is for messages.
 *
 * @throws ContainerBuilderError `invalid-configuration`: names line and column of each mistake, and what would be allowed there
 */
export function parseYaml<T>(text: string, path: string, schema: YamlSchema<T>): T {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
	const mistakes: { position: FilePosition; message: string }[] = document.errors.map((error) => {
		const { line, col } = lines.linePos(error.pos[0]);
		return { position: { line, column: col }, message: error.message };
	});
	if (mistakes.length > 0) throw invalid(path, mistakes);

	const parsed = schema.safeParse(document.toJS() ?? {});
	if (parsed.success) return parsed.data;
	for (const issue of parsed.error.issues) {
		const key = issue.code === 'unrecognized_keys' ? issue.keys?.[0] : undefined;
		const missing = issue.path.length > 0 && !document.hasIn(issue.path);
		const name = issue.path.join('.');
		const message = missing ? `${name} is missing: it ${issue.message}` : `${name} ${issue.message}`.trim();
		mistakes.push({ position: positionOf(document, lines, issue.path, key), message });
	}
	throw invalid(path, mistakes);
}

function invalid(
	path: string,
	mistakes: readonly { position: FilePosition; message: string }[],
): ContainerBuilderError {
	const text = mistakes
		.map(({ position, message }) => `${path}:${position.line}:${position.column}: ${message}`)
		.join('\n');
	return new ContainerBuilderError('invalid-configuration', text);
}
