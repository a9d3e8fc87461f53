import { closest } from '../definition/did-you-mean.js';
import type { DockerfileStage } from './dockerfile-stages.js';

/** The stage that a name or a number means. */
export function findStage(stages: readonly DockerfileStage[], name: string): DockerfileStage | undefined {
	return (
		stages.find((stage) => stage.name === name) ?? (/^\d+$/.test(name) ? stages[Number(name)] : undefined)
	);
}

/** `there are build and test`, or which of them was meant. */
export function otherStages(stages: readonly DockerfileStage[], name: string): string {
	const names = stages.flatMap((stage) => stage.name ?? []);
	const similar = closest(name, names);
	if (similar !== undefined) return `did you mean ${similar}?`;
	if (names.length > 0) return `there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
	return `no stage has a name, they are counted from 0 to ${stages.length - 1}`;
}
