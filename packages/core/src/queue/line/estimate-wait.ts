/** What an estimate goes by; all in milliseconds. */
export interface WaitEstimateInput {
	/** 1 is next. */
	readonly place: number;
	/** Ages of the builders that are being made, oldest first. */
	readonly startingAges: readonly number[];
	/** How many more could be made now. */
	readonly room: number;
	/** Ages of the leases, oldest first. */
	readonly leaseAges: readonly number[];
	/** How long builders took to become ready, on average; undefined before the first. */
	readonly bootMs: number | undefined;
	/** How long leases lasted, on average; undefined before the first. */
	readonly leaseMs: number | undefined;
}

/** Milliseconds until the checkout at `place` is granted, as far as can be told. */
export function estimateWait(input: WaitEstimateInput): number | undefined {
	const { place, startingAges, room, bootMs, leaseMs } = input;
	if (bootMs === undefined) return undefined;
	const age = startingAges[place - 1];
	if (age !== undefined) return Math.max(0, bootMs - age);
	const behind = place - startingAges.length;
	if (behind <= room) return bootMs;
	const leases = input.leaseAges.length;
	if (leaseMs === undefined || leases === 0) return undefined;
	const turn = behind - Math.max(0, room) - 1;
	const remaining = Math.max(0, leaseMs - (input.leaseAges[turn % leases] ?? 0));
	return remaining + Math.floor(turn / leases) * (leaseMs + bootMs) + bootMs;
}
