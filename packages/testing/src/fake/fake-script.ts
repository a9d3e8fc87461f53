import type {
	Clock,
	Endpoint,
	ErrorCode,
	Machine,
	MachineRequest,
	ProviderCapabilities,
	Removed,
} from '@olcf/container-builder-core';
import type { FakeQuota } from './fake-quota.js';

/** Milliseconds, or the bounds between which the seed picks them. */
export type FakeSpan = number | readonly [number, number];

/** What becomes of one machine. What is absent goes well, at once. */
export interface FakeMachineScript {
	/** Until `create` answers. @default 0 */
	readonly delayMs?: FakeSpan | undefined;
	/**
	 * `create` rejects with this after `delayMs`. With outcome `none` nothing was made; with `unknown` the machine
	 * exists all the same, from the beginning of the call.
	 */
	readonly error?:
		| {
				readonly outcome: 'none' | 'unknown';
				/** @default 'provider-unavailable' */
				readonly code?: ErrorCode | undefined;
				readonly message?: string | undefined;
				/** The provider wants to be left alone for so long: `error.details.retryAfterMs`, as of a status 429. */
				readonly retryAfterMs?: FakeSpan | undefined;
		  }
		| undefined;
	/**
	 * `create` makes the machine after `delayMs`, and never answers: it rejects only when its signal aborts, and the
	 * machine stays. @default false
	 */
	readonly answerLost?: boolean | undefined;
	/** From its making until the machine is `running` and `onBoot` is called. @default 0 */
	readonly bootMs?: FakeSpan | undefined;
	/** Instead of booting it becomes `failed` with these words. */
	readonly fault?: string | undefined;
	/** It is `running` with an endpoint, but its daemon is never started. @default false */
	readonly neverReady?: boolean | undefined;
	/**
	 * From its being `running` until it dies by itself: in the reserve or in the middle of a build, as it comes.
	 * @default never
	 */
	readonly diesAfterMs?: FakeSpan | undefined;
	/** What a dead machine looks like: listed as `failed`, or not listed. @default 'failed' */
	readonly deathShows?: 'failed' | 'gone' | undefined;
	/** How many calls of `destroy` reject before one succeeds. @default 0 */
	readonly deleteErrors?: number | undefined;
	/** Until `destroy` answers. @default 0 */
	readonly deleteDelayMs?: FakeSpan | undefined;
	/** For so long it is still listed, and counts in the quota, after `destroy` has answered. @default 0 */
	readonly lingersMs?: FakeSpan | undefined;
	/** As what it is listed meanwhile. @default 'deleting' */
	readonly lingersAs?: 'deleting' | 'running' | undefined;
	/** What stays when the machine is gone, for `sweep` to find: ports, volumes. */
	readonly leavesBehind?: readonly Removed[] | undefined;
}

/** A daemon that a test started for a machine. */
export interface FakeDaemon {
	/** Where it answers. */
	readonly endpoint: Endpoint;
	/** Called once, when the machine ends in whatever way. */
	close(): Promise<void>;
}

/** What a fake provider does. Made for {@link fakeProvider}. */
export interface FakeProviderScript {
	/**
	 * One entry a machine, in the order of their creation; machines past the end go well. Or a function, called with
	 * the request and the machine's number from 0.
	 */
	readonly machines?:
		| readonly FakeMachineScript[]
		| ((request: MachineRequest, index: number) => FakeMachineScript | undefined)
		| undefined;
	/**
	 * Called when a machine boots: starts what answers there. The machine has the endpoint
	 * `memory:fake-<owner>-<builderId>`, at which it may listen. A rejection makes the machine `failed`.
	 */
	readonly onBoot?: ((machine: Machine, bootstrap: Uint8Array) => Promise<FakeDaemon>) | undefined;
	/** Where time comes from. @default the real clock */
	readonly clock?: Clock | undefined;
	/** Decides what {@link FakeSpan} leaves open. @default 1 */
	readonly seed?: number | undefined;
	/** What does not fit is refused with `provider-quota`; `setQuota` changes it. @default no bound */
	readonly quota?: FakeQuota | undefined;
	/** `list` tells what was true so many milliseconds ago. @default 0 */
	readonly listStaleMs?: number | undefined;
	/** Until `list` answers. @default 0 */
	readonly listDelayMs?: number | undefined;
	/** Images by name, the first one is the default. @default { default: 'image-1' } */
	readonly images?: Readonly<Record<string, string>> | undefined;
	/** Machines end by themselves after `MachineRequest.lifetimeMs`. @default false */
	readonly endsAtLifetime?: boolean | undefined;
	readonly capabilities?: Partial<ProviderCapabilities> | undefined;
	/** @default 'fake' */
	readonly name?: string | undefined;
}

/** One call that was made of a fake provider. */
export interface FakeCall {
	readonly method: 'create' | 'destroy' | 'list' | 'sweep' | 'headroom' | 'resolveImage' | 'console';
	/** By the provider's clock. */
	readonly atMs: number;
	readonly owner?: string | undefined;
	readonly builderId?: string | undefined;
	readonly state: 'pending' | 'resolved' | 'rejected';
	readonly error?: unknown;
}
