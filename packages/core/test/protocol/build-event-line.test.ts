import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { buildEventLineSchema } from '../../src/protocol/build-event-line.js';

test('docs/build-events-1.schema.json is what the schema says (node packages/cli/scripts/generate-docs.mjs)', () => {
	const published = new URL('../../../../docs/build-events-1.schema.json', import.meta.url);
	expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual({
		title: 'An event of a build, version 1',
		...z.toJSONSchema(buildEventLineSchema),
	});
});
