/** Where a command writes: a terminal, a pipe, a file, or a test's recorder. */
export interface OutputStream extends NodeJS.WritableStream {
	readonly isTTY?: boolean | undefined;
	readonly columns?: number | undefined;
	readonly rows?: number | undefined;
}

/** Where signals come from: the process, or a test. */
interface SignalSource {
	on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
	off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** All that a command takes from its process. */
export interface Invocation {
	/** Without node and script. */
	readonly argv: readonly string[];
	readonly environment: NodeJS.ProcessEnv;
	/** Absolute; relative paths start here. */
	readonly directory: string;
	/** Absent: nobody can be asked. */
	readonly stdin?: (NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }) | undefined;
	readonly stdout: OutputStream;
	readonly stderr: OutputStream;
	readonly signals: SignalSource;
	/** Ends the process at once. */
	readonly exit: (status: number) => void;
}

/** A command: resolves with its exit status and never rejects. */
export type CommandMain = (invocation: Invocation) => Promise<number>;
