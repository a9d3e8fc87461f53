import { memoryStore } from '@olcf/container-builder-core';
import { testStore } from '@olcf/container-builder-testing/store';
import { describe, it } from 'vitest';

describe('the store in memory', () => {
	testStore({ test: it, setup: () => ({ store: memoryStore() }) });
});
