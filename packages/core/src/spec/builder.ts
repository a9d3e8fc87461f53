import type { AbortOptions } from './abort-options.js';
import type { Architecture } from './architecture.js';
import type { SerializedError } from './container-builder-error.js';
import type { ContextSource } from './context-source.js';

/** The languages of definitions. */
export type DefinitionKind = 'apptainer' | 'dockerfile';

/** The formats of images. */
export type Format = 'sif' | 'oci-archive';

/** What a daemon says of itself and its machine. */
export interface BuilderInfo {
	readonly builderId: string;
	/** Of the daemon. */
	readonly version: string;
	/** Native first. */
	readonly architectures: readonly Architecture[];
	/** Each with the version that the program itself reports. */
	readonly backends: readonly { readonly name: string; readonly version: string }[];
	/** `root`: real root in a VM. `user-namespace`: root of a user namespace in a sandbox. */
	readonly privilege: 'root' | 'user-namespace';
}

/** Size of a terminal, in character cells. */
export interface TerminalSize {
	readonly columns: number;
	readonly rows: number;
}

/** What a builder is told to build. The context follows on a channel of its own. */
export interface BuildRequest {
	readonly buildId: string;
	/** The text of the definition, at most 1 MiB of UTF-8. */
	readonly definition: string;
	readonly kind: DefinitionKind;
	/** Chosen by `kind` when absent. */
	readonly backend?: string | undefined;
	readonly format: Format;
	/** Compression of a SIF. gzip for readers older than Apptainer 1.0 / SingularityCE 3.8. @default 'zstd' */
	readonly compression?: 'zstd' | 'gzip' | undefined;
	readonly architecture: Architecture;
	/** Values for the definition's template arguments or `ARG`s. */
	readonly arguments: Readonly<Record<string, string>>;
	/** The stage of a Dockerfile to build. @default the last */
	readonly target?: string | undefined;
	/** Kept in memory or on a tmpfs, gone with the build. At most 64, of 512 KiB together. */
	readonly secrets?: readonly BuildSecret[] | undefined;
	/** For the registries of the definition's bases: used before the backend starts, then forgotten. At most 64. */
	readonly logins?: readonly RegistryLogin[] | undefined;
	/** What the context will be; absent: there is none. */
	readonly context?: { readonly digest: string; readonly size: number; readonly entries: number } | undefined;
	/** A pseudo-terminal of this size for the backend; absent: plain pipes. */
	readonly terminal?: TerminalSize | undefined;
	/** The backend's debug output. @default false */
	readonly debug?: boolean | undefined;
	readonly limits?: BuildLimits | undefined;
	readonly labels: Readonly<Record<string, string>>;
}

/** Something that a definition may use but that must not be seen, as it travels. */
export interface BuildSecret {
	/** Letters, digits, `.`, `_` and `-`; 1 to 64 of them, beginning with a letter or digit. */
	readonly id: string;
	/** The bytes in base64. */
	readonly value: string;
}

/** How to log in to a registry: with name and password, or with an identity token. */
export interface RegistryLogin {
	/** Host, and port where it is not the usual one, as in a reference; below it maybe a path: `registry.example/team`. */
	readonly registry: string;
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	/** An OAuth 2 refresh token (Docker's `identitytoken`). */
	readonly identityToken?: string | undefined;
}

/** A base image of a definition as it was found before the backend started. */
export interface ResolvedBase {
	/** With its registry and its tag or digest: `docker.io/library/debian:12`. */
	readonly reference: string;
	/** Of the manifest that the registry answered with: `sha256:…`. */
	readonly digest: string;
}

/** What one build may use. */
export interface BuildLimits {
	/** Milliseconds from `backend-start`. */
	readonly timeMs?: number | undefined;
	/** Bytes of output. */
	readonly outputBytes?: number | undefined;
	/** Bytes of the image. */
	readonly imageBytes?: number | undefined;
}

/** What holds for one build on its builder: what was asked for, and what the builder and its queue allow. */
export interface EffectiveLimits {
	/** Milliseconds from `backend-start`; absent: only the deadline counts. */
	readonly timeMs?: number | undefined;
	/** Bytes of output. */
	readonly outputBytes: number;
	/** Bytes of the image; absent: as many as there is room for. */
	readonly imageBytes?: number | undefined;
	/** Milliseconds from `backend-start` until the lease ends and the builder with it. */
	readonly deadlineMs: number;
}

/** How much of a limit is used; told once of each, at 80 %. */
export interface LimitUse {
	/** `time` and `deadline` count milliseconds, `output` bytes. */
	readonly limit: 'time' | 'output' | 'deadline';
	readonly used: number;
	readonly of: number;
}

/**
 * How far a builder is. `idle`: no lease yet. `leased`: waits for `start`. `uploading`: waits for the context.
 * `building`: the backend runs. The last three are final.
 */
export type BuilderPhase = 'idle' | 'leased' | 'uploading' | 'building' | 'built' | 'failed' | 'canceled';

/** The image that a builder holds. */
export interface ImageDigest {
	/** Bytes. */
	readonly size: number;
	/** 64 lower-case hexadecimal digits. */
	readonly sha256: string;
}

/** Where a builder stands now. */
export interface BuilderState {
	readonly phase: BuilderPhase;
	/** Number of the last event. */
	readonly sequence: number;
	readonly buildId?: string | undefined;
	/** Whether the backend's process was started: from here on a build is not repeated by itself. */
	readonly backendStarted: boolean;
	/** The backend's exit status. */
	readonly exitCode?: number | undefined;
	/** Set in `built`. */
	readonly image?: ImageDigest | undefined;
	/** Set in `failed` and `canceled`. */
	readonly error?: SerializedError | undefined;
	/** Bytes of output so far. */
	readonly outputBytes: number;
}

/** What happened on a builder, numbered from 1. */
export type BuilderEvent = {
	readonly sequence: number;
	/** Milliseconds since the lease was accepted, by the builder's monotonic clock. */
	readonly elapsedMs: number;
} & (
	| { readonly type: 'phase'; readonly phase: BuilderPhase }
	| { readonly type: 'context'; readonly receivedBytes: number; readonly size: number }
	/** Those that could be resolved; a base whose registry gave no answer is left to the backend. */
	| { readonly type: 'bases'; readonly bases: readonly ResolvedBase[] }
	/** Before `backend-start`: programs of this architecture are run by an emulator on a machine of the native one. */
	| { readonly type: 'emulation'; readonly architecture: Architecture; readonly native: Architecture }
	| { readonly type: 'backend-start'; readonly backend: string; readonly command: readonly string[] }
	/** Follows `backend-start`. */
	| ({ readonly type: 'limits' } & EffectiveLimits)
	| ({ readonly type: 'limit-near' } & LimitUse)
	| { readonly type: 'backend-end'; readonly exitCode: number | null; readonly signal: string | null }
	| ({ readonly type: 'image' } & ImageDigest)
	| {
			readonly type: 'end';
			readonly phase: 'built' | 'failed' | 'canceled';
			readonly error?: SerializedError | undefined;
	  }
);

/** The bytes of an image from some offset on. */
export interface ImageStream extends ImageDigest {
	/** Offset of the first chunk. */
	readonly from: number;
	readonly chunks: AsyncIterable<Uint8Array>;
}

/** One daemon, as its lease's holder sees it. All calls are safe to repeat after a broken connection. */
export interface Builder extends AsyncDisposable {
	readonly id: string;
	info(options?: AbortOptions): Promise<BuilderInfo>;
	/** Idempotent by `buildId`; a second build is refused with `busy`. */
	start(request: BuildRequest, options?: AbortOptions): Promise<BuilderState>;
	/** Sends the context, going on from what the builder has. Resolves when the builder has verified it. */
	context(
		source: ContextSource,
		options?: { readonly onProgress?: ((sentBytes: number) => void) | undefined } & AbortOptions,
	): Promise<void>;
	/** The events behind number `after` (0: all), then those that come; ends after `end`. */
	states(options?: { readonly after?: number } & AbortOptions): AsyncIterable<BuilderEvent>;
	/** The output from byte `from` on, following until the backend has ended. Its SHA-256 is verified when `from` is 0. */
	output(options?: { readonly from?: number } & AbortOptions): AsyncIterable<Uint8Array>;
	/** The image from byte `from` on. The caller verifies: see {@link ImageDigest}. */
	image(options?: { readonly from?: number } & AbortOptions): Promise<ImageStream>;
	/** Changes the size of the build's terminal; nothing without one. */
	resize(size: TerminalSize, options?: AbortOptions): Promise<void>;
	/** Ends the build: SIGTERM to the backend, after a grace of 10 s SIGKILL; with `force` at once. */
	cancel(options?: { readonly force?: boolean } & AbortOptions): Promise<void>;
	/** Lets go of the connections; the build goes on. Idempotent. */
	close(): Promise<void>;
}
