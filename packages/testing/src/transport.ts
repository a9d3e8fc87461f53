/**
 * Conformance suite for transports: what every implementation of `Transport` has to do.
 *
 * @packageDocumentation
 */
export type { RegisterTest } from './conformance/suite.js';
export { type TransportSuiteOptions, testTransport } from './conformance/transport/test-transport.js';
export type { SharedServerFixture, TransportFixture } from './conformance/transport/transport-fixture.js';
