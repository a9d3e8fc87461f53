import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Machine, MachineRequest, Provider } from '@olcf/container-builder-core';
import { within } from '../suite.js';

/** What the provider suite needs for one test. */
export interface ProviderFixture {
	readonly provider: Provider;
	/**
	 * What its machines need beyond the suite's own: an image, a flavor, a network, a bootstrap with which the daemon
	 * stays alive.
	 */
	readonly request?: Partial<MachineRequest> | undefined;
	/** Name of an image that does not exist. @default 'no-such-image' */
	readonly unknownImage?: string | undefined;
	/** Called at the end of the test, when the suite has destroyed its machines. */
	readonly teardown?: (() => Promise<void>) | undefined;
}

/** Milliseconds for a machine to get running, or to go, where the fixture does not scale time. */
const PATIENCE_MS = 60_000;

/** One test's use of a provider, under owners that nobody else has; ends what it made. */
export class ProviderSession {
	readonly fixture: ProviderFixture;
	readonly provider: Provider;
	readonly #patienceMs: number;
	readonly #owners = new Set<string>();
	#builders = 0;

	constructor(fixture: ProviderFixture, timeScale: number) {
		this.fixture = fixture;
		this.provider = fixture.provider;
		this.#patienceMs = PATIENCE_MS * timeScale;
	}

	/** An owner that owns nothing yet. */
	owner(): string {
		const owner = `cb-test-${randomBytes(4).toString('hex')}`;
		this.#owners.add(owner);
		return owner;
	}

	request(owner: string, changes: Partial<MachineRequest> = {}): MachineRequest {
		const { architectures, networks } = this.provider.capabilities;
		const [architecture] = architectures;
		const [network] = networks;
		assert.ok(
			architecture !== undefined && network !== undefined,
			'it has an architecture and a network mode',
		);
		return {
			builderId: `b${++this.#builders}-${randomBytes(4).toString('hex')}`,
			owner,
			pool: 'test',
			architecture,
			bootstrap: new TextEncoder().encode('{"test":true}'),
			lifetimeMs: 600_000,
			network,
			labels: { purpose: 'conformance' },
			...this.fixture.request,
			...changes,
		};
	}

	create(request: MachineRequest): Promise<Machine> {
		return this.within(this.provider.create(request), `create of ${request.builderId}`);
	}

	within<T>(promise: Promise<T>, what: string): Promise<T> {
		return within(promise, what, this.#patienceMs);
	}

	/** The owner's machines, once the condition holds for them; fails when it does not in time. */
	async listed(
		owner: string,
		condition: (machines: readonly Machine[]) => boolean,
		what: string,
	): Promise<readonly Machine[]> {
		const deadline = performance.now() + this.#patienceMs;
		for (;;) {
			const machines = await this.within(this.provider.list({ owner }), 'list');
			if (condition(machines)) return machines;
			const found = machines.map(({ builderId, state, fault }) => `${builderId} ${state} ${fault ?? ''}`);
			assert.ok(
				performance.now() < deadline,
				`list must come to show ${what}, but shows [${found.join(', ')}]`,
			);
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}

	async end(): Promise<void> {
		for (const owner of this.#owners) {
			const machines = await this.within(this.provider.list({ owner }), 'list');
			const destroyed = machines.map(({ builderId }) => this.provider.destroy({ owner, builderId }));
			await this.within(Promise.all(destroyed), 'the destruction of what the test made');
			await this.within(this.provider.sweep({ owner, keep: new Set(), olderThanMs: 0 }), 'sweep');
		}
		await this.provider.close?.();
		await this.fixture.teardown?.();
	}
}

/** Runs a test with a session of its own. */
export type ProviderTest = (name: string, run: (session: ProviderSession) => Promise<void>) => void;
