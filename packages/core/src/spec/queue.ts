import type { PoolExplanation } from '../policy/pool-explanation.js';
import type { AbortOptions } from './abort-options.js';
import type { Architecture } from './architecture.js';
import type { BuildState } from './build.js';
import type { BuilderInfo, ResolvedBase } from './builder.js';
import type { SerializedError } from './container-builder-error.js';
import type { Emitter } from './emitter.js';
import type { ErrorCode } from './error-code.js';
import type { BuildDeclaration, DsseEnvelope, ProvenanceKey } from './provenance.js';
import type { Endpoint } from './transport.js';

/**
 * The class of a checkout. Within a class users share the builders fairly; a lower class is served when no higher one
 * waits, or when it has waited for too long.
 */
export type CheckoutPriority = 'low' | 'normal' | 'high';

/** A wish for one builder. */
export interface CheckoutRequest {
	/** Made by the client; a second checkout with the same id joins the first. `[A-Za-z0-9-]`, 8 to 64 characters. */
	readonly buildId: string;
	/** Name of a pool; absent: the queue chooses by architecture. */
	readonly pool?: string | undefined;
	/** @default the queue's native architecture */
	readonly architecture?: Architecture | undefined;
	/** At most what the queue allows its user. @default what the queue gives its user, which is 'normal' by default */
	readonly priority?: CheckoutPriority | undefined;
	readonly labels?: Readonly<Record<string, string>> | undefined;
	/** For a provenance: what will be built. The builder takes nothing else then. @default none is wanted */
	readonly declaration?: BuildDeclaration | undefined;
}

/** What a waiting client hears. */
export type CheckoutEvent =
	| {
			readonly type: 'place';
			/** 1 is next. */
			readonly place: number;
			/** Why one waits. `user-limit`: as many of the user's own builds run as may. */
			readonly reason:
				| 'builder-starting'
				| 'all-builders-busy'
				| 'provider-failing'
				| 'queue-starting'
				| 'user-limit';
			/** For people, from the provider: what is being done. */
			readonly detail?: string | undefined;
			/** Builders of the pool that are being made. */
			readonly starting?: number | undefined;
			/** Builders of the pool that are leased. */
			readonly busy?: number | undefined;
			/** Milliseconds until the grant, as far as can be told. */
			readonly estimateMs?: number | undefined;
	  }
	| { readonly type: 'granted'; readonly builderId: string };

/** What ends a checkout well. A union, so that stored and shared images can join it. */
export type Grant = { readonly kind: 'lease'; readonly lease: Lease };

/** A wish that was made: iterate for news of it, await `granted` for its end. */
export interface Checkout extends AsyncIterable<CheckoutEvent>, AsyncDisposable {
	readonly buildId: string;
	/** Rejects with `canceled` when the checkout was closed before. Handled: nobody needs to await it. */
	readonly granted: Promise<Grant>;
	/** Leaves the line. A grant that was made stays. Idempotent. */
	close(): Promise<void>;
}

/** How a build ended, as the lease's holder tells it. */
export interface BuildOutcome {
	readonly status: 'succeeded' | 'failed' | 'canceled';
	readonly code?: ErrorCode | undefined;
}

/** The right to one builder. */
export interface Lease extends AsyncDisposable {
	readonly id: string;
	readonly buildId: string;
	readonly builderId: string;
	readonly endpoint: Endpoint;
	/** For the builder's channels; a secret. */
	readonly token: string;
	/** From where the endpoint can be reached: see `Machine`. @default 'network' */
	readonly reach?: 'host' | 'network' | undefined;
	readonly builder: BuilderInfo;
	/** Milliseconds from the grant until the builder ends whatever it does. */
	readonly deadlineMs: number;
	/** Milliseconds without a sign of the client after which the queue takes the builder back. */
	readonly idleMs: number;
	/** A sign of life; call it at least every `idleMs / 3`. Rejects with `lease-lost` when it is over. */
	renew(options?: AbortOptions): Promise<{ readonly remainingMs: number }>;
	/**
	 * Gives this builder up for a fresh one, ahead of the line. Whether what ran on it may be repeated is for the holder
	 * to know. Rejects with `lease-lost` where the lease ended otherwise than by the loss of its builder.
	 */
	replace(reason: 'builder-lost', options?: AbortOptions): Promise<Lease>;
	/**
	 * Nobody needs to renew: the builder is kept for `keepMs` more, at most until the deadline. A later call can make
	 * that longer, not shorter.
	 */
	detach(options: { readonly keepMs: number } & AbortOptions): Promise<void>;
	/**
	 * The queue's signed statement of what came out of this builder, once there is an image: an in-toto statement with
	 * SLSA provenance. Rejects with `unsupported` where the checkout declared nothing, with `not-found` before the image
	 * is built.
	 */
	attest(options?: AbortOptions): Promise<DsseEnvelope>;
	/** Gives the builder back to be destroyed; resolves when the queue has taken note. Idempotent. */
	release(outcome: BuildOutcome, options?: AbortOptions): Promise<void>;
}

/** What a queue knows of a build. */
export interface BuildRecord {
	readonly buildId: string;
	readonly user: string;
	readonly state: BuildState;
	/** The pool that it is of. */
	readonly pool?: string | undefined;
	readonly priority?: CheckoutPriority | undefined;
	readonly architecture: Architecture;
	readonly labels: Readonly<Record<string, string>>;
	readonly builderId?: string | undefined;
	/** The base images as the builder found them before its backend started. */
	readonly bases?: readonly ResolvedBase[] | undefined;
	/** Milliseconds since the checkout. */
	readonly ageMs: number;
	readonly error?: SerializedError | undefined;
}

/** Which builds to list. */
export interface BuildFilter {
	/** Everybody's: `forbidden` to all but operators. @default in this process all, else one's own */
	readonly all?: boolean | undefined;
	readonly user?: string | undefined;
	readonly states?: readonly BuildState[] | undefined;
}

/** The states of a builder in a queue. `ready` is the reserve. */
export type PoolBuilderState = 'creating' | 'booting' | 'ready' | 'leased' | 'destroying' | 'failed' | 'gone';

/** One builder in a queue's status. */
export interface BuilderSummary {
	readonly id: string;
	readonly pool: string;
	readonly state: PoolBuilderState;
	readonly endpoint?: Endpoint | undefined;
	/** Milliseconds since it was asked for. */
	readonly ageMs: number;
	readonly buildId?: string | undefined;
	readonly user?: string | undefined;
	readonly fault?: string | undefined;
}

/** One waiting checkout in a queue's status. */
export interface WaitingSummary {
	readonly buildId: string;
	readonly user: string;
	readonly pool?: string | undefined;
	readonly architecture: Architecture;
	/** @default 'normal' */
	readonly priority?: CheckoutPriority | undefined;
	/** In the line of its pool; 1 is next. */
	readonly place: number;
	readonly waitingMs: number;
}

/** One pool in a queue's status. */
export interface PoolSummary {
	readonly name: string;
	/** The name of its provider. */
	readonly provider: string;
	readonly architecture: Architecture;
	/** What its machines build for besides, by emulation. @default none */
	readonly emulates?: readonly Architecture[] | undefined;
	/** Most builders at this hour. */
	readonly max: number;
	/** Builders to have ready at this hour, before what is leased counts. */
	readonly reserve: number;
	/** Why the pool does what it does: the account of its last decision. */
	readonly explanation?: PoolExplanation | undefined;
}

/** A queue at one moment. */
export interface QueueStatus {
	readonly owner: string;
	readonly version: string;
	/** Whether it takes new checkouts. */
	readonly state: 'open' | 'draining' | 'closed';
	readonly pools: readonly PoolSummary[];
	readonly builders: readonly BuilderSummary[];
	readonly waiting: readonly WaitingSummary[];
}

/** What happens in a queue, numbered from 1 since it started. */
export type QueueEvent = { readonly sequence: number; readonly time: string } & (
	| {
			readonly type: 'builder-create-start';
			readonly builderId: string;
			readonly pool: string;
			readonly reason: string;
	  }
	| { readonly type: 'builder-progress'; readonly builderId: string; readonly message: string }
	| { readonly type: 'builder-create-end'; readonly builderId: string; readonly machineId: string }
	| { readonly type: 'builder-ready'; readonly builderId: string; readonly bootMs: number }
	/** One that an earlier process of the queue has made; with the lease that it is of. */
	| { readonly type: 'builder-adopted'; readonly builderId: string; readonly leaseId?: string | undefined }
	| { readonly type: 'builder-failed'; readonly builderId: string; readonly error: SerializedError }
	| { readonly type: 'builder-destroy-start'; readonly builderId: string; readonly reason: string }
	| { readonly type: 'builder-gone'; readonly builderId: string }
	| { readonly type: 'checkout-start'; readonly buildId: string; readonly user: string }
	| {
			readonly type: 'checkout-end';
			readonly buildId: string;
			readonly outcome: 'granted' | 'left' | 'failed';
	  }
	| {
			readonly type: 'lease-start';
			readonly buildId: string;
			readonly builderId: string;
			readonly leaseId: string;
	  }
	| {
			readonly type: 'lease-end';
			readonly buildId: string;
			readonly builderId: string;
			readonly reason: string;
	  }
	| { readonly type: 'queue-state'; readonly state: QueueStatus['state'] }
);

/** What one can listen to on a queue. */
export interface QueueEventMap {
	event: (event: QueueEvent) => void;
	'builder-ready': (event: Extract<QueueEvent, { type: 'builder-ready' }>) => void;
	'builder-failed': (event: Extract<QueueEvent, { type: 'builder-failed' }>) => void;
	'builder-gone': (event: Extract<QueueEvent, { type: 'builder-gone' }>) => void;
	'lease-start': (event: Extract<QueueEvent, { type: 'lease-start' }>) => void;
	'lease-end': (event: Extract<QueueEvent, { type: 'lease-end' }>) => void;
}

/** A repository of base images with its tags, as `cb-images` prints them. */
export interface ImageRepository {
	readonly repository: string;
	readonly tags: readonly string[];
}

/**
 * Takes checkouts in order, keeps a reserve of ready builders, hands out leases. In this process
 * (`BuilderQueue`) or over a transport (`RemoteQueue`): the same interface.
 */
export interface Queue extends Emitter<QueueEventMap>, AsyncDisposable {
	/** Joins the line. Synchronous, so that nothing of it can be missed. */
	checkout(request: CheckoutRequest, options?: AbortOptions): Checkout;
	/** What is known of a build; undefined where nothing is, or where it is somebody else's. */
	find(buildId: string, options?: AbortOptions): Promise<BuildRecord | undefined>;
	list(filter?: BuildFilter, options?: AbortOptions): AsyncIterable<BuildRecord>;
	/** The lease of a running build of one's own, with a fresh token. Rejects with `not-found`. */
	resume(buildId: string, options?: AbortOptions): Promise<Lease>;
	/** Ends a build, waiting or running. Rejects with `not-found`. */
	cancel(buildId: string, options?: { readonly reason?: string | undefined } & AbortOptions): Promise<void>;
	status(options?: AbortOptions): Promise<QueueStatus>;
	/** Events behind number `after` as far as they are kept, then those that come. */
	watch(options?: { readonly after?: number } & AbortOptions): AsyncIterable<QueueEvent>;
	/** The base images that the site offers. */
	images(options?: AbortOptions): Promise<readonly ImageRepository[]>;
	/** What its provenances are verified with. Rejects with `unsupported` where it signs none. */
	provenanceKey(options?: AbortOptions): Promise<ProvenanceKey>;
	/** A remote queue: lets go of the connection. A queue in this process: takes no more, ends all builds, destroys all builders. Idempotent. */
	close(): Promise<void>;
}
