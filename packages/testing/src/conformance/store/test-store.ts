import assert from 'node:assert/strict';
import type { RegisterTest } from '../suite.js';
import { testHolds } from './holds.js';
import { testListing } from './listing.js';
import { testRecords } from './records.js';
import { testSharing } from './sharing.js';
import { type StoreFixture, StoreSession, type StoreTest } from './store-fixture.js';

/** Options of {@link testStore}. */
export interface StoreSuiteOptions {
	readonly test: RegisterTest;
	/** Called once a test. */
	readonly setup: () => Promise<StoreFixture> | StoreFixture;
	/**
	 * Whether the data outlive the store and several stores can have them open at a time; leaves those tests out
	 * otherwise. @default false
	 */
	readonly shared?: boolean | undefined;
}

/** Registers the tests that every store has to pass. */
export function testStore(options: StoreSuiteOptions): void {
	const test: StoreTest = (name, run) => {
		options.test(name, async () => {
			const session = new StoreSession(await options.setup());
			try {
				await run(session);
			} finally {
				await session.end();
			}
		});
	};

	test('says what it is', async ({ store }) => {
		assert.equal(store.specificationVersion, 'v1');
	});
	testRecords(test);
	testListing(test);
	testHolds(test);
	if (options.shared) testSharing(test);

	test('close is idempotent', async ({ store }) => {
		await store.get('a');
		await store.close?.();
		await store.close?.();
	});
}
