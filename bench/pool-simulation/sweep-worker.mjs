import { simulatePool } from './simulate-pool.mjs';

/** One run of a sweep, in a thread of its own. */
export default function runOne({ scenario, arrivals }) {
	return simulatePool(scenario, arrivals);
}
