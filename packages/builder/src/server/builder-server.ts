import type { Backend, Clock, Endpoint, Logger, Transport } from '@olcf/container-builder-core';
import type { Bootstrap } from '@olcf/container-builder-core/protocol';

/** Why a daemon ended. Apart from `closed` and `stopped`, the machine should be powered off. */
export type EndReason =
	/** `close()` was called. */
	| 'closed'
	/** The caller's signal was aborted. */
	| 'stopped'
	/** The queue asked for it. */
	| 'shutdown'
	/** Nobody enrolled within `enrolMs`. */
	| 'not-enrolled'
	/** The lease's deadline is past. */
	| 'deadline'
	/** Neither a queue nor a client was connected for too long. */
	| 'idle'
	/** The machine's lifetime is over. */
	| 'lifetime'
	/** The listener broke. */
	| 'listener-lost';

/** Upper bounds that hold for every build of a daemon, whatever its request says. */
export interface BuilderLimits {
	/** Bytes of a context's files. @default 64 GiB */
	readonly contextBytes?: number | undefined;
	/** Entries of a context. @default 1000000 */
	readonly contextEntries?: number | undefined;
	/** Bytes of output. @default 1 GiB */
	readonly outputBytes?: number | undefined;
	/** Bytes of the image. @default no bound but the disk's */
	readonly imageBytes?: number | undefined;
}

/** What {@link serveBuilder} is given. */
export interface ServeBuilderOptions {
	/** Listens at the bootstrap's URL. */
	readonly transport: Transport;
	/** The first that knows a definition's kind and format is taken where a request names none. */
	readonly backends: readonly Backend[];
	readonly bootstrap: Bootstrap;
	/** Where the build's files go; made if missing. What the daemon puts there is removed at its end. */
	readonly directory: string;
	/** What deadlines are measured by. @default the real monotonic clock */
	readonly clock?: Clock | undefined;
	/** @default silence */
	readonly logger?: Logger | undefined;
	/** Called once, when everything has been cleaned up. */
	readonly onEnd?: ((reason: EndReason) => void) | undefined;
	/** Aborting ends the daemon. */
	readonly signal?: AbortSignal | undefined;
	readonly limits?: BuilderLimits | undefined;
	/** What programs that fetch bases get their path and proxies from. @default process.env */
	readonly environment?: NodeJS.ProcessEnv | undefined;
	/**
	 * Starts a process that does nothing but `daemonMain` with the argument `fetch-bases`: only it ever knows a
	 * registry login of the queue's. @default none: bases that need a login are refused
	 */
	readonly fetchCommand?: readonly [string, ...string[]] | undefined;
}

/** A daemon that takes connections. */
export interface BuilderServer extends AsyncDisposable {
	/** Where it can be reached; with its certificate's fingerprint where it has one. */
	readonly endpoints: readonly Endpoint[];
	/** Resolves when the daemon has ended, for whatever reason, and its files are gone. Never rejects. */
	readonly ended: Promise<{ readonly reason: EndReason }>;
	/** Ends the build and the daemon. Idempotent; resolves when it has ended. */
	close(): Promise<void>;
}
