/** One thing that was looked at. */
export interface Finding {
	/** Stable. */
	readonly name: string;
	/** `problem`: it stops a build. `warning`: builds run, with less. */
	readonly status: 'ok' | 'warning' | 'problem';
	/** What was found, as a phrase. */
	readonly detail: string;
	/** A command, or a sentence, that mends it. */
	readonly remedy?: string | undefined;
}

/** The same finding where it stops nothing: what it is about is not used. */
export function asWarning(finding: Finding): Finding {
	return finding.status === 'problem' ? { ...finding, status: 'warning' } : finding;
}
