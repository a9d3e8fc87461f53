/**
 * For how long after it was asked for a builder may be handed out, in milliseconds: a whole lease should fit into the
 * rest of its life, but half of its life is always good.
 */
export function usableMs({
	lifetimeMs,
	deadlineMs,
}: {
	/** After which a machine ends itself. */
	readonly lifetimeMs: number;
	/** Of a lease. */
	readonly deadlineMs: number;
}): number {
	return Math.max(lifetimeMs - deadlineMs, lifetimeMs / 2);
}
