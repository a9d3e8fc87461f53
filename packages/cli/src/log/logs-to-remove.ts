/** A log that is there. */
export interface KeptLog {
	readonly name: string;
	readonly size: number;
	/** Milliseconds since the epoch. */
	readonly modifiedAt: number;
}

const MAX_LOGS = 10;
const MAX_BYTES = 256 * 2 ** 20;

/** The names of those that go: all but the newest ten, and of these those that are too much together. Pure. */
export function logsToRemove(logs: readonly KeptLog[]): string[] {
	let bytes = 0;
	return logs
		.toSorted((a, b) => b.modifiedAt - a.modifiedAt)
		.filter(({ size }, index) => {
			bytes += size;
			return index >= MAX_LOGS || (index > 0 && bytes > MAX_BYTES);
		})
		.map(({ name }) => name);
}
