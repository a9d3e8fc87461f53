import type { AbortOptions } from './abort-options.js';
import type { Architecture } from './architecture.js';
import type { BuildLimits, DefinitionKind, Format, TerminalSize } from './builder.js';

/** A build as a backend gets it: all files are there. */
export interface BackendJob {
	readonly kind: DefinitionKind;
	/** Path of the definition. */
	readonly definitionPath: string;
	/** Directory with the context; the backend's working directory. */
	readonly contextDirectory: string;
	/** Where the image must be when the backend has ended well. */
	readonly imagePath: string;
	/** A directory for the backend's own use, removed afterwards. */
	readonly scratchDirectory: string;
	readonly format: Format;
	readonly compression: 'zstd' | 'gzip';
	readonly architecture: Architecture;
	readonly arguments: Readonly<Record<string, string>>;
	/** The stage of a Dockerfile to build; absent: the last. */
	readonly target?: string | undefined;
	/** Each in a file of the daemon's own, in memory; the backend makes it readable to whom it concerns. */
	readonly secrets: readonly { readonly id: string; readonly path: string }[];
	/** Where bases were brought to before: for containers-registries.conf(5). */
	readonly mirrors: readonly RegistryMirror[];
	readonly terminal?: TerminalSize | undefined;
	readonly debug: boolean;
	readonly limits: BuildLimits;
}

/** What begins with `prefix` is to be looked for at `location` first, by plain HTTP. */
export interface RegistryMirror {
	/** `registry.example/team/base`. */
	readonly prefix: string;
	/** `127.0.0.1:41234/registry.example/team/base`. */
	readonly location: string;
}

/** Options of `Backend.execute`. Aborting `signal` ends the process group: SIGTERM, then SIGKILL. */
export interface BackendOptions extends AbortOptions {
	/** Aborting it ends the process group at once, by SIGKILL. */
	readonly kill?: AbortSignal | undefined;
	/** Called once, when the backend's process has been started. */
	readonly onStart: (command: readonly string[]) => void;
	/** Called with each piece of output, unchanged. The returned promise is back-pressure. */
	readonly onOutput: (chunk: Uint8Array) => Promise<void> | void;
	/** Asks for the next sizes of the terminal. */
	readonly onResize?: ((listener: (size: TerminalSize) => void) => void) | undefined;
}

/** How the backend's process ended. */
export interface BackendResult {
	readonly exitCode: number | null;
	readonly signal: string | null;
}

/** A program on the builder that executes a definition. */
export interface Backend {
	readonly specificationVersion: 'v1';
	readonly name: string;
	readonly kinds: readonly DefinitionKind[];
	readonly formats: readonly Format[];
	/** The program's version, or undefined where it is not installed. */
	version(options?: AbortOptions): Promise<string | undefined>;
	/** Rejects only where the program could not be run; what it says of the definition is the result. */
	execute(job: BackendJob, options: BackendOptions): Promise<BackendResult>;
}
