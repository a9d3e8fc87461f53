import type { OutputStream } from '../invocation.js';
import { plainPhases } from './plain-phases.js';
import { quietPhases } from './quiet-phases.js';
import { spinnerPhases } from './spinner-phases.js';

/** Tells on stderr what is being done: one phase at a time, with what it came to. */
export interface Phases {
	/** Begins a phase; one that is open ends without a result. */
	start(text: string): void;
	/** What the phase is waiting for, or how far it is. `lasting`: worth a line where nothing can be overwritten. */
	update(detail: string, options?: { readonly lasting?: boolean | undefined }): void;
	/** Ends the phase with its result; nothing where none is open. */
	done(result: string): void;
	/** Ends the phase, if one is open, without a result. */
	stop(): void;
	/** A line of its own, whatever else is shown. */
	line(text: string): void;
}

/** How progress is told. `json`: on stdout, an event a line, and nothing here. */
export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';

/** By itself a spinner on a terminal whose width is known, plain text without control characters anywhere else. */
export async function phasesFor(
	stream: OutputStream,
	environment: NodeJS.ProcessEnv,
	mode: ProgressMode = 'auto',
): Promise<Phases> {
	if (mode === 'json' || mode === 'quiet') return quietPhases();
	if (mode !== 'auto') return mode === 'tty' ? spinnerPhases(stream) : plainPhases(stream);
	// Of a width of 0, which a pseudo-terminal has that nobody gave a size, a spinner never ends its first line.
	const canSpin = stream.isTTY === true && stream.columns !== 0 && environment.TERM !== 'dumb';
	return canSpin ? spinnerPhases(stream) : plainPhases(stream);
}
