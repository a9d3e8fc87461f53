/**
 * Conformance suite for providers: what every implementation of `Provider` has to do.
 *
 * @packageDocumentation
 */
export type { ProviderFixture } from './conformance/provider/provider-fixture.js';
export { type ProviderSuiteOptions, testProvider } from './conformance/provider/test-provider.js';
export type { RegisterTest } from './conformance/suite.js';
