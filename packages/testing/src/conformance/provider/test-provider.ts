import assert from 'node:assert/strict';
import type { RegisterTest } from '../suite.js';
import { testAborting } from './aborting.js';
import { testExtras } from './extras.js';
import { testLifecycle } from './lifecycle.js';
import { testOwners } from './owners.js';
import { type ProviderFixture, ProviderSession, type ProviderTest } from './provider-fixture.js';

/** Options of {@link testProvider}. */
export interface ProviderSuiteOptions {
	readonly test: RegisterTest;
	/** Called once a test. */
	readonly setup: () => Promise<ProviderFixture> | ProviderFixture;
	/** How much longer than 60 s a machine may take to get running, or to go. @default 1 */
	readonly timeScale?: number | undefined;
}

/** Registers the tests that every provider has to pass. */
export function testProvider(options: ProviderSuiteOptions): void {
	const test: ProviderTest = (name, run) => {
		options.test(name, async () => {
			const session = new ProviderSession(await options.setup(), options.timeScale ?? 1);
			try {
				await run(session);
			} finally {
				await session.end();
			}
		});
	};

	test('says what it is', async ({ provider }) => {
		assert.equal(provider.specificationVersion, 'v1');
		assert.match(provider.name, /^\S+$/);
		const { capabilities } = provider;
		assert.ok(capabilities.architectures.length > 0, 'it has an architecture');
		assert.ok(capabilities.networks.length > 0, 'it has a network mode');
		assert.match(capabilities.listen.url, /^[a-z][a-z0-9+.-]*:/);
		assert.equal(
			typeof provider.headroom === 'function',
			capabilities.headroom,
			'headroom is there where it says so',
		);
		assert.equal(
			typeof provider.resolveImage === 'function',
			capabilities.resolveImage,
			'so is resolveImage',
		);
		assert.equal(typeof provider.console === 'function', capabilities.console, 'so is console');
	});
	testLifecycle(test);
	testOwners(test);
	testAborting(test);
	testExtras(test);

	test('close is idempotent', async ({ provider }) => {
		await provider.close?.();
		await provider.close?.();
	});
}
