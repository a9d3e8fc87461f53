import { TypedEventEmitter } from '../events/typed-event-emitter.js';
import type {
	BuildEvent,
	BuildEventMap,
	BuildState,
	BuildSummary,
	Clock,
	ResolvedBase,
	SerializedError,
	TerminalSize,
} from '../spec/index.js';
import { nextBuildState } from './build-state.js';
import { commandOfLine } from './command-of-line.js';
import { EventLog, type NewBuildEvent } from './event-log.js';
import { LastLines } from './last-lines.js';

/** Between two progress events. */
const PROGRESS_MS = 200;

/** What is known of a build under way: written by what runs it, read through its handle. Most of it is of one builder. */
export class BuildSession {
	readonly id: string;
	readonly log: EventLog;
	readonly emitter = new TypedEventEmitter<BuildEventMap>();
	/** Number of the builder's last event that was taken note of. */
	builderSequence = 0;
	backendStarted = false;
	/** Whether the builder has told that the build has come to nothing there. */
	failedOnBuilder = false;
	backendExitCode: number | undefined;
	builderId: string | undefined;
	/** The base images as the builder found them, once it has told. */
	bases: readonly ResolvedBase[] | undefined;
	attempts = 0;
	/** Whether bytes of the image may have gone to a stream. */
	imageStreamed = false;
	/** The last that was told. */
	terminalSize: TerminalSize | undefined;
	readonly #clock: Clock;
	readonly #startedAt: number;
	#lastLines = new LastLines();
	/** Bytes of output that were published, of all builders. */
	#outputOffset: number;
	/** Those of builders that were lost. */
	#lostOutput = 0;
	readonly #phases: Partial<Record<BuildState, number>> = {};
	#state: BuildState = 'queued';
	#stateSince: number;
	#ended = false;
	#progressAt = Number.NEGATIVE_INFINITY;
	/** What of its circumstances this builder has told. */
	readonly #told = new Set<string>();

	constructor(id: string, options: { readonly clock: Clock; readonly outputOffset?: number | undefined }) {
		this.id = id;
		this.log = new EventLog(id);
		this.#outputOffset = options.outputOffset ?? 0;
		this.#clock = options.clock;
		this.#startedAt = options.clock.now();
		this.#stateSince = this.#startedAt;
	}

	get state(): BuildState {
		return this.#state;
	}

	/** Bytes of this builder's output that were published: where the next connection to it goes on from. */
	get builderOutputOffset(): number {
		return this.#outputOffset - this.#lostOutput;
	}

	/** What lies before is not wanted. Before any output. */
	beginOutputAt(offset: number): void {
		this.#outputOffset = offset;
	}

	/** Numbers an event, keeps it and tells the listeners; nothing after `build-end`. */
	publish(event: NewBuildEvent): void {
		if (this.#ended) return;
		this.#ended = event.type === 'build-end';
		const published = this.log.append(event);
		this.emitter.emit('event', published);
		// Types cannot tell that a name and its event belong together.
		const byName: { emit(name: string, event: BuildEvent): void } = this.emitter;
		byName.emit(published.type, published);
	}

	/** Progress, where the last was long enough ago, or where it is complete. */
	progress(event: Extract<NewBuildEvent, { type: `${string}-progress` }>): void {
		const done = event.type === 'upload-progress' ? event.sentBytes : event.receivedBytes;
		const now = this.#clock.now();
		if (done < event.size && now - this.#progressAt < PROGRESS_MS) return;
		this.#progressAt = now;
		this.publish(event);
	}

	/** Output that arrived. */
	output(bytes: Uint8Array): void {
		this.#lastLines.push(bytes);
		const offset = this.#outputOffset;
		this.#outputOffset += bytes.byteLength;
		this.publish({ type: 'output', offset, bytes });
	}

	/**
	 * What the builder's limits are, how near one is, whether it emulates. Once each: what it says, however often, must not
	 * fill the log.
	 */
	circumstance(event: Extract<NewBuildEvent, { type: `limit${string}` | 'emulation' }>): void {
		const key = event.type === 'limit-near' ? event.limit : event.type;
		if (this.#told.has(key)) return;
		this.#told.add(key);
		this.publish(event);
	}

	/** Goes to a state; nothing where it is in it already. */
	moveTo(state: BuildState): void {
		if (state === this.#state) return;
		const next = nextBuildState(this.#state, state);
		const now = this.#clock.now();
		this.#phases[this.#state] = (this.#phases[this.#state] ?? 0) + (now - this.#stateSince);
		this.#stateSince = now;
		this.#state = next;
		this.publish({ type: 'state', state });
	}

	/** Its builder was lost, another is waited for. What is known of the lost one stays until there is another. */
	beginAnew(error: SerializedError): void {
		const { backendStarted } = this;
		const attempt = this.attempts + 1;
		const outputOffset = this.#outputOffset;
		this.publish({ type: 'build-retry', attempt, error, backendStarted, outputOffset });
		this.moveTo('queued');
	}

	/** A builder, and everything from the beginning; an output that is taken up again goes on where it was. */
	tryOn(builderId: string): void {
		if (this.attempts++ > 0) this.#lostOutput = this.#outputOffset;
		this.builderId = builderId;
		this.builderSequence = 0;
		this.backendStarted = false;
		this.failedOnBuilder = false;
		this.backendExitCode = undefined;
		this.bases = undefined;
		this.#told.clear();
		this.#lastLines = new LastLines();
	}

	summary(exitCode: number): BuildSummary {
		const hasFailed = exitCode !== 0 && this.backendStarted && this.backendExitCode !== 0;
		const failedCommand = hasFailed ? this.#lastLines.findLast(commandOfLine) : undefined;
		return {
			id: this.id,
			durationMs: this.#clock.now() - this.#startedAt,
			exitCode,
			lastOutput: this.#lastLines.lines(),
			attempts: this.attempts,
			phases: { ...this.#phases },
			...(failedCommand === undefined ? {} : { failedCommand }),
			...(this.backendExitCode === undefined ? {} : { backendExitCode: this.backendExitCode }),
			...(this.builderId === undefined ? {} : { builderId: this.builderId }),
		};
	}
}
