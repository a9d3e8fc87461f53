import { randomUUID } from 'node:crypto';
import { randomSecret } from '../../protocol/enrolment.js';
import { epochOf } from '../../time/epoch-of.js';
import type { BuilderSurroundings } from '../pool/builder-surroundings.js';
import type { BuilderRecord } from './builder-record.js';

/** Of a builder that is about to be made. */
export function newBuilderRecord({
	clock,
	pool,
	calls,
}: Pick<BuilderSurroundings, 'clock' | 'pool' | 'calls'>): BuilderRecord {
	return {
		builderId: `b-${randomUUID()}`,
		pool: pool.name,
		provider: calls.provider.name,
		architecture: pool.architecture,
		askedAt: epochOf(clock),
		secret: randomSecret(),
		sessionKey: randomSecret(),
		enrolled: false,
	};
}
