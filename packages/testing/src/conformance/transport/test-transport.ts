import assert from 'node:assert/strict';
import type { TransportCapabilities } from '@olcf/container-builder-core';
import type { RegisterTest } from '../suite.js';
import { testBackPressure } from './back-pressure.js';
import { testConnecting } from './connecting.js';
import { testEnding } from './ending.js';
import { testFrames } from './frames.js';
import { testListening } from './listening.js';
import { testRelaying } from './relaying.js';
import { testSharedServer } from './shared-server.js';
import { testTls } from './tls.js';
import { type TransportFixture, TransportSession, type TransportTest } from './transport-fixture.js';

/** Options of {@link testTransport}. */
export interface TransportSuiteOptions {
	readonly test: RegisterTest;
	/** Called once a test. */
	readonly setup: () => Promise<TransportFixture> | TransportFixture;
	/**
	 * What the transport says it can; the suite holds it to that, and leaves out the tests of what it cannot.
	 * @default none of it
	 */
	readonly capabilities?: Partial<TransportCapabilities> | undefined;
	/**
	 * By how much the transport's own time limits (10 s until an unanswered connection is rejected) are changed in
	 * this setup: 0.1 where the fixture's transport waits for 1 s. @default 1
	 */
	readonly timeScale?: number | undefined;
}

/** Registers the tests that every transport has to pass. */
export function testTransport(options: TransportSuiteOptions): void {
	const capabilities: TransportCapabilities = {
		tls: false,
		sharedServer: false,
		through: false,
		...options.capabilities,
	};
	const test: TransportTest = (name, run) => {
		options.test(name, async () => {
			const session = new TransportSession(await options.setup());
			try {
				await run(session);
			} finally {
				await session.end();
			}
		});
	};

	test('says what it is', async ({ fixture }) => {
		const { transport } = fixture;
		assert.equal(transport.specificationVersion, 'v1');
		assert.match(transport.name, /^\S+$/);
		assert.ok(transport.schemes.length > 0, 'it has a scheme');
		for (const scheme of transport.schemes) assert.match(scheme, /^[a-z][a-z0-9+.-]*:$/);
		assert.deepEqual({ ...transport.capabilities }, capabilities);
	});
	testConnecting(test);
	testFrames(test);
	testBackPressure(test);
	testEnding(test);
	testListening(test, options.timeScale ?? 1);
	if (capabilities.tls) testTls(test);
	if (capabilities.relay === true && capabilities.through) testRelaying(test);
	if (capabilities.sharedServer) testSharedServer(test);
}
