/**
 * What tests of container-builder and of its plug-ins need: a transport within the process, a provider that fails
 * as it is told to, and a clock that stands still. The conformance suites are at `./provider` and `./transport`.
 *
 * @packageDocumentation
 */
export { type FakeProvider, fakeProvider } from './fake/fake-provider.js';
export type { FakeQuota } from './fake/fake-quota.js';
export type {
	FakeCall,
	FakeDaemon,
	FakeMachineScript,
	FakeProviderScript,
	FakeSpan,
} from './fake/fake-script.js';
export { seededRandom } from './fake/seeded-random.js';
export {
	type MemoryTransport,
	type MemoryTransportOptions,
	memoryTransport,
} from './memory/memory-transport.js';
export { type VirtualClock, virtualClock } from './virtual-clock.js';
