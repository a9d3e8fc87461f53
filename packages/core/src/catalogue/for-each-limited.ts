/** Runs `work` for each value, at most `limit` at a time. Rejects with the first failure and begins no more then. */
export async function forEachLimited<T>(
	values: readonly T[],
	limit: number,
	work: (value: T, index: number) => Promise<void>,
): Promise<void> {
	const entries = values.entries();
	let failed = false;
	const worker = async (): Promise<void> => {
		for (const [index, value] of entries) {
			if (failed) return;
			try {
				await work(value, index);
			} catch (error) {
				failed = true;
				throw error;
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(limit, values.length) }, worker));
}
