/**
 * Conformance suite for stores: what every implementation of `Store` has to do.
 *
 * @packageDocumentation
 */
export type { StoreFixture } from './conformance/store/store-fixture.js';
export { type StoreSuiteOptions, testStore } from './conformance/store/test-store.js';
export type { RegisterTest } from './conformance/suite.js';
