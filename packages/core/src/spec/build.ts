import type { AbortOptions } from './abort-options.js';
import type { Architecture } from './architecture.js';
import type {
	BuildLimits,
	DefinitionKind,
	EffectiveLimits,
	Format,
	LimitUse,
	RegistryLogin,
	ResolvedBase,
	TerminalSize,
} from './builder.js';
import type { SerializedError } from './container-builder-error.js';
import type { ContextSource } from './context-source.js';
import type { Emitter } from './emitter.js';
import type { DsseEnvelope } from './provenance.js';
import type { CheckoutPriority } from './queue.js';

/**
 * `queued → connecting → uploading → building → built (kept on the builder) → downloading →
 * succeeded | failed | canceled`, and from all but the last three back to `queued` for a retry.
 */
export type BuildState =
	| 'queued'
	| 'connecting'
	| 'uploading'
	| 'building'
	| 'built'
	| 'downloading'
	| 'succeeded'
	| 'failed'
	| 'canceled';

/** Something that the build may use but that must not be seen: at `/run/secrets/ID` while it builds, never in the image. */
export interface Secret {
	/** Letters, digits, `.`, `_` and `-`; 1 to 64 of them, beginning with a letter or digit. */
	readonly id: string;
	readonly value: string | Uint8Array;
}

/** Asked once for a build, with the registries of its bases (host and port, as in a reference), for their logins. */
export type RegistryLogins = (
	registries: readonly string[],
	options: AbortOptions,
) => Promise<readonly RegistryLogin[]>;

/** What to build. */
export interface BuildInput {
	/** A path, or the text itself. The kind is found out where it is not given. */
	readonly definition: string | { readonly text: string; readonly kind?: DefinitionKind | undefined };
	/**
	 * Where the image goes: a path, a `file:` URL, or a stream. Absent: it stays on the builder until the lease ends.
	 * At a path the image appears at once and whole, or not at all.
	 */
	readonly image?: string | URL | { readonly writable: WritableStream<Uint8Array> } | undefined;
	/** The local files that the definition refers to. @default found in the definition, relative to the working directory */
	readonly context?: ContextSource | undefined;
	/** Values for the definition's template arguments or `ARG`s. */
	readonly arguments?: Readonly<Record<string, string>> | undefined;
	/** The stage of a Dockerfile to build. @default the last */
	readonly target?: string | undefined;
	readonly secrets?: readonly Secret[] | undefined;
	/** For private bases. `registryLogins()` reads the user's own file. @default none */
	readonly logins?: RegistryLogins | undefined;
	/** @default the queue's native architecture */
	readonly architecture?: Architecture | undefined;
	/** @default by the kind of the definition */
	readonly backend?: string | undefined;
	/** @default by the extension of `image`; SIF where it says nothing */
	readonly format?: Format | undefined;
	/** Its class in the queue's line; `forbidden` above what the queue allows. @default what the queue gives its user */
	readonly priority?: CheckoutPriority | undefined;
	readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** How to build. */
export interface BuildOptions extends AbortOptions {
	/** Unique; makes the call idempotent. @default a random UUID */
	readonly buildId?: string | undefined;
	/** Overwrite an image that is there. @default false */
	readonly force?: boolean | undefined;
	/** A pseudo-terminal of this size for the backend. @default plain pipes */
	readonly terminal?: TerminalSize | undefined;
	/** The backend's debug output. @default false */
	readonly debug?: boolean | undefined;
	/** @default 'zstd' */
	readonly compression?: 'zstd' | 'gzip' | undefined;
	readonly limits?: BuildLimits | undefined;
	/**
	 * Have the queue sign what it knows of where the image comes from (SLSA provenance), and put it beside an image that
	 * is a file, with `.intoto.jsonl` behind its name. Rejects with `unsupported` where the queue signs nothing.
	 * @default false
	 */
	readonly provenance?: boolean | undefined;
	/** Directory that relative paths of this call start from. @default process.cwd() */
	readonly directory?: string | undefined;
	/**
	 * Root of the context that is found in the definition.
	 * @default of an Apptainer definition `directory`; of a Dockerfile the directory that it lies in, `directory` where it is given as text
	 */
	readonly contextRoot?: string | undefined;
	/** Most bytes of a context. @default 10 GiB */
	readonly contextLimit?: number | undefined;
	/**
	 * How often a build is begun anew, on a fresh builder each time, where infrastructure failed before the backend
	 * was started; with `retryLost` later too. What fails otherwise is never repeated. @default 2
	 */
	readonly retries?: number | undefined;
	/**
	 * Also begin anew where the builder was lost after the backend was started: the definition is executed again from
	 * its beginning, and what it did outside of its builder it does twice. Not once an image has begun to go to a
	 * stream. @default false
	 */
	readonly retryLost?: boolean | undefined;
}

/** What result and error of a build have in common. */
export interface BuildSummary {
	readonly id: string;
	/** Milliseconds since `build()` was called. */
	readonly durationMs: number;
	/** What a command should exit with: 0, or as the table of failure kinds says. */
	readonly exitCode: number;
	/** The backend's own exit status, where it has run to its end on the last builder. */
	readonly backendExitCode?: number | undefined;
	/** The last lines of output of the last builder, at most 20, without their line ends. */
	readonly lastOutput: readonly string[];
	/** The last command of a definition that did not come to its end, where the backend shows its commands. */
	readonly failedCommand?: string | undefined;
	/** The last builder. */
	readonly builderId?: string | undefined;
	/** How many builders were tried. */
	readonly attempts: number;
	/** Milliseconds spent in each state. */
	readonly phases: Readonly<Partial<Record<BuildState, number>>>;
}

/** What a build that succeeded resolves with. */
export interface BuildResult extends BuildSummary {
	readonly image: {
		/** Absolute; absent where the image went to a stream or stayed on the builder. */
		readonly path?: string | undefined;
		readonly format: Format;
		/** Bytes. */
		readonly size: number;
		/** 64 lower-case hexadecimal digits. */
		readonly sha256: string;
	};
	/** The base images as they were found before the backend started. */
	readonly bases: readonly ResolvedBase[];
	/** Where it was asked for; verified with the queue's key. */
	readonly provenance?:
		| {
				/** Absolute; absent where the image is no file. */
				readonly path?: string | undefined;
				readonly envelope: DsseEnvelope;
		  }
		| undefined;
}

/** What happens to a build, numbered from 1. `build-end` always comes, and is the last. */
export type BuildEvent = {
	readonly buildId: string;
	readonly sequence: number;
	/** ISO 8601, by the client's clock; for people. */
	readonly time: string;
} & (
	| {
			readonly type: 'build-start';
			readonly kind: DefinitionKind;
			readonly contextSize: number;
			readonly contextEntries: number;
	  }
	| { readonly type: 'state'; readonly state: BuildState }
	| {
			readonly type: 'queue-place';
			readonly place: number;
			readonly reason: string;
			readonly detail?: string | undefined;
			/** Builders of the pool that are being made. */
			readonly starting?: number | undefined;
			/** Builders of the pool that are leased. */
			readonly busy?: number | undefined;
			/** Milliseconds until there is a builder, as far as can be told. */
			readonly estimateMs?: number | undefined;
	  }
	| {
			readonly type: 'builder';
			readonly builderId: string;
			readonly url: string;
			readonly privilege: 'root' | 'user-namespace';
	  }
	| { readonly type: 'upload-progress'; readonly sentBytes: number; readonly size: number }
	/** Before `backend-start`: programs of this architecture are run by an emulator on a machine of the native one. */
	| { readonly type: 'emulation'; readonly architecture: Architecture; readonly native: Architecture }
	| { readonly type: 'bases'; readonly bases: readonly ResolvedBase[] }
	| { readonly type: 'backend-start'; readonly backend: string; readonly command: readonly string[] }
	/** What the build may use; follows `backend-start`. */
	| ({ readonly type: 'limits' } & EffectiveLimits)
	/** Once for each limit, when 80 % of it are used. */
	| ({ readonly type: 'limit-near' } & LimitUse)
	/** `offset` counts the bytes of all builders of this build, the lost ones first. */
	| { readonly type: 'output'; readonly offset: number; readonly bytes: Uint8Array }
	| { readonly type: 'output-dropped'; readonly offset: number; readonly size: number }
	| { readonly type: 'backend-end'; readonly exitCode: number | null; readonly signal: string | null }
	| { readonly type: 'download-progress'; readonly receivedBytes: number; readonly size: number }
	| {
			/** A builder was lost, and a fresh one is asked for: everything begins anew, output too. */
			readonly type: 'build-retry';
			/** 2 at the first retry. */
			readonly attempt: number;
			readonly error: SerializedError;
			/** Whether the definition had begun to be executed. */
			readonly backendStarted: boolean;
			/** Where the output of the next builder begins. */
			readonly outputOffset: number;
	  }
	| { readonly type: 'warning'; readonly message: string }
	| {
			readonly type: 'build-end';
			readonly status: 'succeeded' | 'failed' | 'canceled';
			readonly error?: SerializedError | undefined;
	  }
);

/** What one can listen to on a build. */
export interface BuildEventMap {
	/** Every event. */
	event: (event: BuildEvent) => void;
	state: (event: Extract<BuildEvent, { type: 'state' }>) => void;
	'queue-place': (event: Extract<BuildEvent, { type: 'queue-place' }>) => void;
	builder: (event: Extract<BuildEvent, { type: 'builder' }>) => void;
	emulation: (event: Extract<BuildEvent, { type: 'emulation' }>) => void;
	'backend-start': (event: Extract<BuildEvent, { type: 'backend-start' }>) => void;
	output: (event: Extract<BuildEvent, { type: 'output' }>) => void;
	limits: (event: Extract<BuildEvent, { type: 'limits' }>) => void;
	'limit-near': (event: Extract<BuildEvent, { type: 'limit-near' }>) => void;
	'backend-end': (event: Extract<BuildEvent, { type: 'backend-end' }>) => void;
	'build-retry': (event: Extract<BuildEvent, { type: 'build-retry' }>) => void;
	warning: (event: Extract<BuildEvent, { type: 'warning' }>) => void;
	'build-end': (event: Extract<BuildEvent, { type: 'build-end' }>) => void;
}

/**
 * A build under way: a promise of its result, an iterable of its events, and a handle. A failure rejects the
 * promise and ends the iteration with the same error; a build that nobody awaits causes no unhandled rejection.
 *
 * Iterating replays from the first event. `break` stops watching only; `signal`, `cancel()` and `await using`
 * cancel. Lifecycle events are kept; of output the last 4 MiB are, with one `output-dropped` event for the rest
 * (the builder keeps all of it).
 *
 * Do not return a build bare from an async function: it would be awaited away.
 */
export interface Build
	extends Emitter<BuildEventMap>,
		Promise<BuildResult>,
		AsyncIterable<BuildEvent>,
		AsyncDisposable {
	readonly id: string;
	readonly state: BuildState;
	/** The build's output only, from its first byte as far as it is kept; after a retry that of both builders. */
	output(): AsyncIterable<Uint8Array>;
	/** Ends the build, first gracefully, then by force; resolves when the builder is given back. Idempotent. */
	cancel(reason?: string): Promise<void>;
	/**
	 * Lets the build go on without this client, as soon as its builder has all that it needs. Builder and image are kept
	 * for `keepMs` from now on, at most until the lease's deadline. Resolves with for how long in milliseconds: 0 where
	 * the build was over. @default keepMs until the deadline
	 */
	detach(
		options?: { readonly keepMs?: number | undefined } & AbortOptions,
	): Promise<{ readonly keptMs: number }>;
	/** Changes the size of the build's terminal. */
	resize(size: TerminalSize): Promise<void>;
}
