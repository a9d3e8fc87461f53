import { virtualClock } from '@olcf/container-builder-testing';
import { testStore } from '@olcf/container-builder-testing/store';
import { describe, it } from 'vitest';
import { lmdbStore } from '../../src/index.js';
import { storeDirectories } from './store-directories.js';

const newDirectory = storeDirectories();

describe('the store of LMDB', () => {
	testStore({
		test: it,
		shared: true,
		setup: async () => {
			const directory = await newDirectory();
			return {
				store: lmdbStore({ directory }),
				another: () => lmdbStore({ directory }),
				stalled: () => lmdbStore({ directory, clock: virtualClock() }),
			};
		},
	});
});
