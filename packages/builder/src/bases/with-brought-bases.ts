import { type DefinitionStage, parseDefinition, stageBase } from '@olcf/container-builder-core';
import type { WantedBase } from './fetch-types.js';

/** Where a stage is to begin instead of at a registry that needs a login. */
export interface BroughtStart {
	readonly base: WantedBase;
	readonly bootstrap: 'docker' | 'localimage';
	/** For `From:`. */
	readonly from: string;
}

/**
 * An Apptainer definition whose stages begin with the bases that were brought: few versions of apptainer heed mirrors
 * of registries, and none does for artifacts. All else, and every line's number, stays; what was asked for is told in
 * a comment.
 */
export function withBroughtBases(
	text: string,
	values: Readonly<Record<string, string>>,
	starts: readonly BroughtStart[],
): string {
	if (starts.length === 0) return text;
	const lines = text.split('\n');
	for (const stage of parseDefinition(text, { arguments: values }).definition.stages) {
		const wanted = stageBase(stage);
		const start = starts.find(
			({ base }) => base.reference === wanted?.reference && base.transport === wanted.transport,
		);
		if (start === undefined) continue;
		replaceField(lines, stage, 'bootstrap', `Bootstrap: ${start.bootstrap}`);
		replaceField(lines, stage, 'from', `From: ${start.from} # ${start.base.reference}`);
		// They would be put before it.
		for (const key of ['registry', 'namespace']) replaceField(lines, stage, key, '');
	}
	return lines.join('\n');
}

/** A value may go on over several lines, each but the last with a backslash at its end. */
function replaceField(lines: string[], stage: DefinitionStage, key: string, replacement: string): void {
	const first = (stage.header.get(key)?.position.line ?? 0) - 1;
	for (let index = first; index >= 0 && index < lines.length; index++) {
		const continues = /\\\s*$/.test((lines[index] ?? '').split('#')[0] ?? '');
		lines[index] = index === first ? replacement : '';
		if (!continues) return;
	}
}
