import { type Document, isCollection, isMap, isNode, isPair, type LineCounter } from 'yaml';

/** Where in the file something stands; both from 1. */
export interface FilePosition {
	readonly line: number;
	readonly column: number;
}

/**
 * Where the value at `path` stands, or as much of the way to it as is there. With `key`, where that key of the map
 * at `path` stands.
 */
export function positionOf(
	document: Document.Parsed,
	lines: LineCounter,
	path: readonly PropertyKey[],
	key?: string,
): FilePosition {
	let node: unknown = document.contents;
	let offset = offsetOf(node) ?? 0;
	for (const [index, part] of [...path, ...(key === undefined ? [] : [key])].entries()) {
		if (!isCollection(node)) break;
		const wantsKey = key !== undefined && index === path.length;
		const pair = isMap(node)
			? node.items.find((item) => isPair(item) && String(item.key) === String(part))
			: undefined;
		const next: unknown = wantsKey ? pair?.key : (pair?.value ?? node.get(part, true));
		// A key without a value stands for itself.
		const found = offsetOf(next) ?? offsetOf(pair?.key);
		if (found === undefined) break;
		offset = found;
		node = next;
	}
	const { line, col } = lines.linePos(offset);
	return { line, column: col };
}

function offsetOf(node: unknown): number | undefined {
	return isNode(node) ? node.range?.[0] : undefined;
}
