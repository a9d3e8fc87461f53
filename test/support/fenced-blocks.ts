/** A fenced block of a Markdown document. */
export interface FencedBlock {
	readonly language: string;
	/** What follows the language: the name of the file that the block is. */
	readonly name: string | undefined;
	readonly text: string;
	/** Of its opening fence. */
	readonly line: number;
}

/** All fenced blocks of a document, in order. */
export function fencedBlocks(markdown: string): readonly FencedBlock[] {
	return [...markdown.matchAll(/^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map((match) => ({
		language: match[1] ?? '',
		name: match[2],
		text: match[3] ?? '',
		line: markdown.slice(0, match.index).split('\n').length,
	}));
}
