import { type Clock, ContainerBuilderError, type Logger } from '../spec/index.js';
import { systemClock } from '../time/system-clock.js';
import type { BuilderQueueOptions } from './builder-queue-options.js';
import type { EventLog } from './event-log.js';
import { Attestor } from './leases/attestor.js';
import { BuildBook } from './leases/build-book.js';
import { LeaseDesk } from './leases/lease-desk.js';
import { Admission } from './line/admission.js';
import type { LinePolicy } from './line/line-policy.js';
import type { ResolvedUserRules } from './line/user-policy.js';
import { WaitingRoom } from './line/waiting-room.js';
import { PoolSet } from './pool/pool-set.js';
import { QueueRecovery } from './queue-recovery.js';
import { queueTimings } from './queue-timings.js';
import { memoryStore } from './records/memory-store.js';
import { QueueRecords } from './records/queue-records.js';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What the parts of a queue ask of the whole. */
export interface QueueHooks {
	readonly publish: EventLog['publish'];
	readonly linePolicy: () => LinePolicy;
	readonly rulesOf: (user: string) => ResolvedUserRules;
	/** Throws where the queue takes nothing new. */
	readonly checkOpen: () => void;
	readonly onPoolsChange: () => void;
	/** Aborts when what is left is to stay. */
	readonly signal: AbortSignal;
}

/** The parts that a queue is made of, each of which knows some of the others. */
export interface QueueParts {
	readonly clock: Clock;
	readonly records: QueueRecords;
	readonly builds: BuildBook;
	readonly room: WaitingRoom;
	readonly desk: LeaseDesk;
	readonly pools: PoolSet;
	readonly recovery: QueueRecovery;
	readonly admission: Admission;
}

/** Puts them together. The set of pools is empty. */
export function queueParts(options: BuilderQueueOptions, hooks: QueueHooks): QueueParts {
	const { owner, clock = systemClock, logger = silent, store = memoryStore() } = options;
	const { publish, linePolicy, rulesOf, checkOpen, onPoolsChange, signal } = hooks;
	const timings = queueTimings(options);
	const step = options.onStep ?? (() => {});
	const records = new QueueRecords(store, owner, logger);
	const builds = new BuildBook({
		clock,
		records,
		onUnwritten: (buildId, error) => {
			const { message } = ContainerBuilderError.from(error);
			logger.error({ buildId }, `a build cannot be written down: ${message}`);
		},
	});
	const { signer, version = '' } = options;
	const attestor = new Attestor({ signer, version, builds });
	const room: WaitingRoom = new WaitingRoom({
		...{ clock, builds, publish },
		policy: linePolicy(),
		onChange: (pool) => pools.find(pool)?.wake(),
	});
	const desk: LeaseDesk = new LeaseDesk({
		...{ ...timings, clock, builds, attestor, room, records, publish, step, checkOpen, logger },
		logins: options.logins,
	});
	const pools: PoolSet = new PoolSet({
		...{ owner, clock, logger, signal },
		reconcileMs: timings.reconcileMs,
		remembers: options.store !== undefined,
		waiting: (pool) => room.wanted(pool),
		onRefused: (pool, coming, error) => room.failBehind(pool, coming, error),
		onChange: onPoolsChange,
		common: {
			...{ owner, clock, logger, signal, publish, step, records },
			transports: options.transports,
			redialGraceMs: timings.redialGraceMs,
			probeMs: timings.probeMs,
			insecure: options.insecure ?? false,
			sendsLogins: options.logins !== undefined,
			deadlineMs: () => desk.leases.deadlineMs,
			onChange: onPoolsChange,
			onLeasedFailure: (builder, error) => desk.lost(builder, error),
		},
	});
	const recovery = new QueueRecovery({ clock, logger, records, builds, desk, room, pools });
	const signs = signer !== undefined;
	const admission = new Admission({ builds, desk, room, pools, recovery, step, rulesOf, checkOpen, signs });
	return { clock, records, builds, room, desk, pools, recovery, admission };
}
