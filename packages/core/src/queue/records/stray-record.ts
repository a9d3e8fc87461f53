import type { Machine } from '../../spec/index.js';
import type { BuilderSurroundings } from '../pool/builder-surroundings.js';
import type { BuilderRecord } from './builder-record.js';
import { newBuilderRecord } from './new-builder-record.js';

/** Of a machine that bears our name though nobody knows it, so that it is destroyed like one of ours. */
export function strayRecord(
	{ builderId, id, imageId }: Machine,
	around: Pick<BuilderSurroundings, 'clock' | 'pool' | 'calls'>,
	reason: string,
): BuilderRecord {
	return { ...newBuilderRecord(around), builderId, machine: { id, imageId }, givenUp: reason };
}
