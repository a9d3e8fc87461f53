import { mkdtemp, rm } from 'node:fs/promises';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { describe, test } from 'vitest';
import { local } from '../src/index.js';
import { cannotMake } from './fixtures/can-run.js';
import { makeTestImage } from './fixtures/test-image.js';

describe.skipIf(cannotMake !== undefined)('local, tethered and not', () => {
	for (const tether of [true, false]) {
		testProvider({
			test: (name, run) => test(`${name} (tether: ${tether})`, run, 60_000),
			setup: async () => {
				const [image, stateDirectory] = await Promise.all([makeTestImage(), mkdtemp('/tmp/cb-state-')]);
				const limits = { memoryBytes: 512 * 1024 ** 2, diskBytes: 1024 ** 3 };
				return {
					provider: local({ image, stateDirectory, tether, limits }),
					teardown: async () => {
						for (const path of [image, stateDirectory]) await rm(path, { recursive: true });
					},
				};
			},
		});
	}
});
