import { memoryStore } from '@olcf/container-builder-core';
import { describe, it } from 'vitest';
import { storeConformance } from './store-conformance.js';

describe('the store in memory', () => {
	storeConformance({
		test: it,
		setup: async () => ({ store: memoryStore(), teardown: async () => {} }),
	});
});
