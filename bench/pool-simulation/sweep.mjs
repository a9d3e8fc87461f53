import Tinypool from 'tinypool';

/** Runs one scenario with each of several reserves over the same checkouts; the results are in their order. */
export async function sweep({ scenario, arrivals, reserves, threads, onResult }) {
	const count = Math.min(threads, reserves.length);
	const pool = new Tinypool({
		filename: new URL('./sweep-worker.mjs', import.meta.url).href,
		minThreads: count,
		maxThreads: count,
	});
	try {
		return await Promise.all(
			reserves.map(async (reserve) => {
				const policy = { ...scenario.policy, reserve };
				const result = await pool.run({ scenario: { ...scenario, policy }, arrivals });
				onResult?.(reserve);
				return { reserve, ...result };
			}),
		);
	} finally {
		await pool.destroy();
	}
}
