import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import { checkoutRequestSchema } from '../../protocol/queue-schemas.js';
import {
	type BuildState,
	type Checkout,
	type CheckoutPriority,
	type CheckoutRequest,
	ContainerBuilderError,
	type ErrorCode,
	type Lease,
} from '../../spec/index.js';
import type { BuildBook } from '../leases/build-book.js';
import type { LeaseRecord } from '../leases/lease-book.js';
import type { LeaseDesk } from '../leases/lease-desk.js';
import { signsNothing } from '../leases/signs-nothing.js';
import type { PoolSet } from '../pool/pool-set.js';
import type { QueueRecovery } from '../queue-recovery.js';
import type { QueueStep } from '../records/queue-steps.js';
import { CheckoutHandle } from './checkout-handle.js';
import { PRIORITIES } from './line-entry.js';
import type { ResolvedUserRules } from './user-policy.js';
import type { WaitingRoom } from './waiting-room.js';

/** With what a lease is resumed in vain whose builder is lost. */
const LOST: ReadonlySet<ErrorCode> = new Set([
	'builder-lost',
	'builder-unreachable',
	'lease-lost',
	'machine-failed',
]);
/** In which the definition has not begun to be executed. */
const NOTHING_DONE: ReadonlySet<BuildState> = new Set(['queued', 'connecting', 'uploading']);

/** What an admission is made of. */
export interface AdmissionOptions {
	readonly builds: BuildBook;
	readonly desk: LeaseDesk;
	readonly room: WaitingRoom;
	readonly pools: PoolSet;
	readonly recovery: QueueRecovery;
	readonly step: (step: QueueStep) => void;
	readonly rulesOf: (user: string) => ResolvedUserRules;
	/** Throws where the queue takes nothing new. */
	readonly checkOpen: () => void;
	/** Whether provenances are signed. */
	readonly signs: boolean;
}

/** Lets checkouts in: new ones into the line, others to where their build is. */
export class Admission {
	readonly #options: AdmissionOptions;

	constructor(options: AdmissionOptions) {
		this.#options = options;
	}

	/** Never throws; what is wrong rejects the checkout. */
	checkout(request: CheckoutRequest, user: string, signal: AbortSignal | undefined): Checkout {
		const { recovery, checkOpen } = this.#options;
		const handle = new CheckoutHandle(request.buildId, signal);
		try {
			throwIfAborted(signal);
			checkOpen();
			checkShape(request);
			if (request.declaration !== undefined && !this.#options.signs) throw signsNothing();
			if (recovery.isDone) this.#admit(request, user, handle, signal);
			else void this.#admitLater(request, user, handle, signal);
		} catch (error) {
			handle.fail(error);
		}
		return handle;
	}

	/** What an earlier process has left may be this very build. */
	async #admitLater(
		request: CheckoutRequest,
		user: string,
		handle: CheckoutHandle,
		signal: AbortSignal | undefined,
	): Promise<void> {
		const { recovery, checkOpen } = this.#options;
		try {
			handle.tell({ type: 'place', place: 1, reason: 'queue-starting' });
			await recovery.done(signal);
			if (handle.settled) return;
			checkOpen();
			this.#admit(request, user, handle, signal);
		} catch (error) {
			handle.fail(error);
		}
	}

	#admit(
		request: CheckoutRequest,
		user: string,
		handle: CheckoutHandle,
		signal: AbortSignal | undefined,
	): void {
		const { builds, desk, room, pools, step } = this.#options;
		const { buildId } = request;
		const known = builds.find(buildId);
		const waiting = room.find(buildId);
		const lease = desk.leases.ofBuild(buildId);
		const owner = known?.user ?? lease?.user ?? user;
		if (owner !== user) {
			throw new ContainerBuilderError('forbidden', `the build id ${buildId} is taken`, {
				hint: 'Use another build id.',
			});
		}
		if (waiting !== undefined) {
			room.join(waiting, handle);
			return;
		}
		if (lease !== undefined) {
			void this.#resume(lease, signal).then(
				(fresh) => handle.grant(fresh),
				(error) => handle.fail(error),
			);
			return;
		}
		const isBack = known?.state === 'queued' && pools.find(known.pool) !== undefined;
		if (!isBack) {
			const pool = pools.choose(request, this.#options.rulesOf(user).pools).settings;
			const priority = this.#priority(request, user);
			room.checkLimit(user);
			void builds
				.open({
					...{ buildId, user, priority },
					pool: pool.name,
					architecture: request.architecture ?? pool.architecture,
					labels: request.labels ?? {},
					declaration: request.declaration,
				})
				.then(() => step('checkout-recorded'));
		}
		room.enter(buildId, handle, 'behind');
	}

	/** Where the lease that there is has lost its builder before anything was done there, a fresh one does as well. */
	async #resume(lease: LeaseRecord, signal: AbortSignal | undefined): Promise<Lease> {
		const { desk, builds } = this.#options;
		const state = builds.find(lease.buildId)?.state;
		try {
			return await desk.resume(lease, signal);
		} catch (error) {
			const isLost = LOST.has(ContainerBuilderError.from(error).code);
			if (!isLost || state === undefined || !NOTHING_DONE.has(state)) throw error;
			return await desk.replace(lease.id, signal);
		}
	}

	#priority({ priority }: CheckoutRequest, user: string): CheckoutPriority {
		const rules = this.#options.rulesOf(user);
		if (priority === undefined) return rules.priority;
		if (PRIORITIES.indexOf(priority) >= PRIORITIES.indexOf(rules.maxPriority)) return priority;
		throw new ContainerBuilderError('forbidden', `${user} may not ask for priority ${priority}`, {
			hint: `The highest that is allowed is ${rules.maxPriority}.`,
		});
	}
}

function checkShape(request: CheckoutRequest): void {
	const parsed = checkoutRequestSchema.safeParse(request);
	if (parsed.success) return;
	const issue = parsed.error.issues[0];
	throw new ContainerBuilderError(
		'invalid-option',
		`the checkout's ${issue?.path.join('.')} cannot be: ${issue?.message}`,
	);
}
