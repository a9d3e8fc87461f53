import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { declarationOf } from '../provenance/declaration.js';
import {
	type BuildInput,
	type BuildOptions,
	type BuildOutcome,
	type BuildResult,
	type CheckoutRequest,
	ContainerBuilderError,
	type Format,
	type ImageDigest,
	type Lease,
} from '../spec/index.js';
import { type TimeLimitOptions, withTimeLimit } from '../time/time-limit.js';
import type { AttachOptions } from './attach-options.js';
import type { BuildSession } from './build-session.js';
import { goesOnAlone } from './build-state.js';
import { decideRetry, type RetryDecision } from './decide-retry.js';
import { formatOf, type ImageTarget, imageTarget } from './image-target.js';
import { LeaseRun } from './lease-run.js';
import { lostAfterStart } from './lost-after-start.js';
import { checkOutputStart } from './output-start.js';
import { type PreparedBuild, prepareBuild } from './prepare-build.js';
import { bringProvenance, type ProvenanceWish, wishProvenance } from './provenance-wish.js';
import { resumeBuild } from './resume-build.js';
import type { RunContext } from './run-context.js';
import { takeLease } from './take-lease.js';

/** How long an image that is left on its builder is kept where nothing else is said. */
const DEFAULT_KEEP_MS = 3_600_000;
/** How long the queue has to take note of what becomes of a lease. */
const QUEUE_LIMIT_MS = 10_000;

/** What a handle can ask of the run behind it. */
export interface RunControl {
	/** Aborted to end the build. */
	readonly signal: AbortSignal;
	/** Told of each builder that is used, and of its end. */
	readonly onRun: (run: LeaseRun | undefined) => void;
	/** Given what stays on the builder after the build: called when it is not wanted any more. */
	readonly onKept: (run: LeaseRun, giveBack: () => Promise<void>) => void;
}

/** Prepares, waits for a builder, builds, brings the image. */
export async function runBuild(
	session: BuildSession,
	context: RunContext,
	control: RunControl,
	input: BuildInput,
	options: BuildOptions,
): Promise<BuildResult> {
	const { signal } = control;
	const prepared = await prepareBuild(session.id, input, { ...options, signal }, context.queue);
	throwIfAborted(signal);
	const { request, target } = prepared;
	const { provenance: isWanted = false, force = false } = options;
	const provenance = isWanted ? await wishProvenance(context.queue, target, { force, signal }) : undefined;
	session.publish({
		type: 'build-start',
		kind: request.kind,
		contextSize: prepared.context?.manifest.size ?? 0,
		contextEntries: prepared.context?.manifest.entries.length ?? 0,
	});
	for (const message of prepared.warnings) session.publish({ type: 'warning', message });
	session.publish({ type: 'state', state: 'queued' });
	const wish: CheckoutRequest = {
		buildId: session.id,
		...(input.architecture === undefined ? {} : { architecture: input.architecture }),
		...(input.priority === undefined ? {} : { priority: input.priority }),
		...(input.labels === undefined ? {} : { labels: input.labels }),
		...(isWanted ? { declaration: declarationOf(request, prepared.secretIds) } : {}),
	};
	const lease = await takeLease(session, context.queue, wish, signal);
	return await buildWithRetries({ session, context, control, target, provenance }, lease, prepared, options);
}

/** Goes on with a build that this or another client began. */
export async function runAttached(
	session: BuildSession,
	context: RunContext,
	control: RunControl,
	options: AttachOptions,
): Promise<BuildResult> {
	checkOutputStart(options);
	const { image, force = false, tail } = options;
	const target = await imageTarget(image, { directory: process.cwd(), force });
	const { signal } = control;
	const provenance = options.provenance
		? await wishProvenance(context.queue, target, { force, signal })
		: undefined;
	const lease = await resumeBuild(session.id, context.queue, signal);
	const running = { session, context, control, target, provenance };
	return await onLease(running, lease, formatOf(image), (run) => run.watch({ tail }), { kept: 'left' });
}

interface Running {
	readonly session: BuildSession;
	readonly context: RunContext;
	readonly control: RunControl;
	readonly target: ImageTarget;
	readonly provenance: ProvenanceWish | undefined;
}

async function buildWithRetries(
	running: Running,
	first: Lease,
	prepared: PreparedBuild,
	{ retries = 2, retryLost = false }: BuildOptions,
): Promise<BuildResult> {
	const { session } = running;
	const decide = async (run: LeaseRun, error: ContainerBuilderError): Promise<RetryDecision> => {
		const { backendStarted, imageStreamed, attempts } = session;
		const facts = { error, backendStarted, imageStreamed, attempts, retries, retryLost };
		const decision = decideRetry({ ...facts, leaseEnd: undefined });
		// The queue is asked only where its answer counts.
		return decision === 'never' ? decision : decideRetry({ ...facts, leaseEnd: await run.leaseEnd(error) });
	};
	const rules = { decide, kept: 'held' } as const;
	for (let lease = first; ; ) {
		try {
			return await onLease(running, lease, prepared.request.format, (run) => run.build(prepared), rules);
		} catch (error) {
			if (!(error instanceof RetryWanted)) throw error;
			session.beginAnew(error.reason.toJSON());
			lease = await replaced(running, lease, error.reason);
		}
	}
}

/** Says to the retry loop that the lease was kept to be replaced. */
class RetryWanted extends Error {
	readonly reason: ContainerBuilderError;

	constructor(reason: ContainerBuilderError) {
		super(reason.message);
		this.reason = reason;
	}
}

/** A fresh builder for a lost one. What it was lost by counts where there is none. */
async function replaced(running: Running, lease: Lease, reason: ContainerBuilderError): Promise<Lease> {
	const { session, control } = running;
	const { signal } = control;
	try {
		return await lease.replace('builder-lost', { signal });
	} catch (error) {
		const { message } = ContainerBuilderError.from(error);
		if (!signal.aborted)
			session.publish({ type: 'warning', message: `there is no fresh builder: ${message}` });
		const failure = signal.aborted ? canceledError(signal) : reason;
		await release(running, lease, failure);
		throw failure;
	}
}

/** What becomes of a lease. */
interface LeaseRules {
	/** Absent: nothing is begun anew. */
	readonly decide?: (run: LeaseRun, error: ContainerBuilderError) => Promise<RetryDecision>;
	/** An image that nobody has taken: this process holds it, or the queue keeps it for a while. */
	readonly kept: 'held' | 'left';
}

async function onLease(
	running: Running,
	lease: Lease,
	format: Format,
	work: (run: LeaseRun) => Promise<ImageDigest>,
	{ decide, kept }: LeaseRules,
): Promise<BuildResult> {
	const { session, context, control, target, provenance: wish } = running;
	const run = new LeaseRun(session, context, lease);
	const outcome = await withControl(control, run, async () => {
		const image = await work(run);
		throwIfAborted(control.signal);
		if (target.kind !== 'none') await run.download(target, format);
		const provenance = wish && (await bringProvenance(lease, image, wish, control.signal));
		session.moveTo('succeeded');
		const path = target.kind === 'file' ? { path: target.path } : {};
		return {
			...session.summary(0),
			image: { ...path, format, ...image },
			bases: session.bases ?? [],
			...(provenance === undefined ? {} : { provenance }),
		};
	});
	const failure = outcome instanceof ContainerBuilderError ? outcome : undefined;
	const giveBack = async (): Promise<void> => {
		await run.close();
		if (!run.detached) await release(running, lease, failure);
	};
	if (outcome instanceof ContainerBuilderError) {
		if (run.detached) {
			await run.close();
			throw detachedError(session.id);
		}
		const decision = control.signal.aborted ? 'never' : ((await decide?.(run, outcome)) ?? 'never');
		if (decision === 'begin-anew' && !control.signal.aborted) {
			await run.close();
			throw new RetryWanted(outcome);
		}
		if (kept === 'left' && !session.failedOnBuilder && !control.signal.aborted)
			throw await leave(running, run, outcome);
		await giveBack();
		if (control.signal.aborted) throw canceledError(control.signal);
		throw decision === 'when-asked' ? lostAfterStart(outcome) : outcome;
	}
	if (target.kind !== 'none') await giveBack();
	else if (kept === 'held') {
		// A socket would keep the process alive, the lease does not.
		await run.disconnect();
		control.onKept(run, giveBack);
	} else {
		await run.detach(DEFAULT_KEEP_MS, control.signal);
		await run.close();
	}
	return outcome;
}

/** Lets the handle reach the run while it works; what it fails with is returned. */
async function withControl<T>(
	control: RunControl,
	run: LeaseRun,
	work: () => Promise<T>,
): Promise<T | ContainerBuilderError> {
	const onAbort = (): void => run.cancel();
	control.onRun(run);
	control.signal.addEventListener('abort', onAbort, { once: true });
	try {
		if (control.signal.aborted) run.cancel();
		return await work();
	} catch (error) {
		return ContainerBuilderError.from(error);
	} finally {
		control.signal.removeEventListener('abort', onAbort);
		control.onRun(undefined);
	}
}

async function release(
	running: Running,
	lease: Lease,
	failure: ContainerBuilderError | undefined,
): Promise<void> {
	const { session, context } = running;
	try {
		await withTimeLimit(queueLimit(context), (signal) => lease.release(outcomeOf(failure), { signal }));
	} catch (error) {
		const { code, message } = ContainerBuilderError.from(error);
		// A queue that does not know the lease any more has nothing to take back.
		if (['lease-lost', 'not-found', 'queue-closed'].includes(code)) return;
		session.publish({
			type: 'warning',
			message: `the builder could not be given back (${message}); the queue will take it`,
		});
	}
}

/** What goes wrong for one who attached does not end the build. Resolves with the error to tell. */
async function leave(
	{ session, context }: Running,
	run: LeaseRun,
	error: ContainerBuilderError,
): Promise<ContainerBuilderError> {
	const isKept =
		goesOnAlone(session.state) &&
		(await withTimeLimit(queueLimit(context), (signal) => run.detach(undefined, signal)).then(
			() => true,
			() => false,
		));
	await run.close();
	if (!isKept) return error;
	const { code, message, hint, cause, details } = error;
	const next =
		session.state === 'building'
			? 'The build goes on: attach to it again.'
			: 'The image stays on its builder: attach again, with a name where there is room for it.';
	return new ContainerBuilderError(code, message, {
		...{ cause, details },
		hint: hint === undefined ? next : `${hint} ${next}`,
	});
}

function queueLimit({ clock }: RunContext): TimeLimitOptions {
	const onTimeout = (): ContainerBuilderError =>
		new ContainerBuilderError('queue-unreachable', 'the queue did not answer');
	return { clock, limitMs: QUEUE_LIMIT_MS, onTimeout };
}

function outcomeOf(failure: ContainerBuilderError | undefined): BuildOutcome {
	if (failure === undefined) return { status: 'succeeded' };
	return { status: failure.code === 'canceled' ? 'canceled' : 'failed', code: failure.code };
}

function detachedError(id: string): ContainerBuilderError {
	return new ContainerBuilderError('canceled', 'detached: the build goes on without this client', {
		hint: `Go on with it by its id: ${id}`,
	});
}
