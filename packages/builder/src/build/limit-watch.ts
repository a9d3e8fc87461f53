import {
	type BuildLimits,
	type Clock,
	ContainerBuilderError,
	type EffectiveLimits,
	type LimitUse,
} from '@olcf/container-builder-core';
import { Alarm } from '../server/alarm.js';
import type { EventLog } from './event-log.js';

/** The share of a limit at which one is warned. */
const NEAR = 0.8;

/** What a {@link LimitWatch} looks at. */
export interface LimitWatchOptions {
	readonly clock: Clock;
	readonly events: EventLog;
	/** What was asked for. */
	readonly requested: BuildLimits | undefined;
	/** What the builder allows. */
	readonly bounds: { readonly outputBytes: number; readonly imageBytes: number };
	/** Milliseconds until the lease ends. */
	readonly remainingMs: () => number;
	/** Ends the build. */
	readonly onReached: (error: ContainerBuilderError) => void;
}

/** The limits of one build: told when its backend starts, once more when 80 % of one are used, and kept. */
export class LimitWatch {
	/** Most bytes of output. */
	readonly outputBytes: number;
	/** Most bytes of the image. */
	readonly imageBytes: number;
	readonly #options: LimitWatchOptions;
	readonly #time: Alarm;
	readonly #timeNear: Alarm;
	readonly #deadlineNear: Alarm;
	#startedAt = 0;
	#isOutputNear = false;

	constructor(options: LimitWatchOptions) {
		const { clock, requested, bounds } = options;
		this.#options = options;
		this.outputBytes = Math.min(requested?.outputBytes ?? bounds.outputBytes, bounds.outputBytes);
		this.imageBytes = Math.min(requested?.imageBytes ?? bounds.imageBytes, bounds.imageBytes);
		this.#time = new Alarm(clock, () => this.#endTime());
		this.#timeNear = new Alarm(clock, () => this.#near('time', requested?.timeMs ?? 0));
		this.#deadlineNear = new Alarm(clock, () => this.#checkDeadline());
	}

	/** The backend has started: time counts from here. */
	begin(): void {
		const { clock, requested, events, remainingMs } = this.#options;
		const timeMs = requested?.timeMs;
		const deadlineMs = Math.floor(remainingMs());
		this.#startedAt = clock.now();
		const limits: EffectiveLimits = {
			...(timeMs === undefined ? {} : { timeMs }),
			outputBytes: this.outputBytes,
			...(this.imageBytes === Number.MAX_SAFE_INTEGER ? {} : { imageBytes: this.imageBytes }),
			deadlineMs,
		};
		events.append({ type: 'limits', ...limits });
		// What ends later than the lease does needs no warning of its own.
		if (timeMs !== undefined && timeMs < deadlineMs) this.#timeNear.set(timeMs * NEAR);
		else this.#deadlineNear.set(deadlineMs * NEAR);
		if (timeMs !== undefined) this.#time.set(timeMs);
	}

	/** So many bytes of output there are. */
	output(size: number): void {
		if (this.#isOutputNear || size < this.outputBytes * NEAR) return;
		this.#isOutputNear = true;
		this.#tell({ limit: 'output', used: size, of: this.outputBytes });
	}

	/** There was more output than may be. */
	outputReached(): void {
		const { bounds, onReached } = this.#options;
		const hint =
			this.outputBytes < bounds.outputBytes
				? 'Allow it more (--limit-output), or let the definition print less.'
				: 'The builder keeps no more of it: let the definition print less.';
		onReached(
			new ContainerBuilderError(
				'output-limit',
				`the build wrote more than ${this.outputBytes} bytes of output`,
				{ hint },
			),
		);
	}

	/** Nothing is told or ended any more. Idempotent. */
	stop(): void {
		for (const alarm of [this.#time, this.#timeNear, this.#deadlineNear]) alarm.clear();
	}

	#endTime(): void {
		const seconds = (this.#options.requested?.timeMs ?? 0) / 1000;
		this.#options.onReached(
			new ContainerBuilderError('time-limit', `the build took longer than ${seconds} s`, {
				hint: 'Allow it longer (--limit-time), or let the definition do less.',
			}),
		);
	}

	/** The queue may have moved the deadline meanwhile. */
	#checkDeadline(): void {
		const used = this.#options.clock.now() - this.#startedAt;
		const of = used + this.#options.remainingMs();
		if (used < of * NEAR - 1) this.#deadlineNear.set(of * NEAR - used);
		else this.#near('deadline', of);
	}

	#near(limit: 'time' | 'deadline', of: number): void {
		const used = this.#options.clock.now() - this.#startedAt;
		this.#tell({ limit, used: Math.round(used), of: Math.round(of) });
	}

	#tell(use: LimitUse): void {
		this.#options.events.append({ type: 'limit-near', ...use });
	}
}
