/** One builder; what the policy asks about it is computed when it is asked for. */
export class SimulatedBuilder {
	state = 'creating';
	outdated = false;
	/** Whether the provider had no room for it. */
	refused = false;
	/** When its machine exists, or would. */
	createdAtMs;
	/** When it came into its present state. */
	sinceMs;
	#world;

	constructor(id, world) {
		this.id = id;
		this.askedAtMs = world.nowMs;
		this.sinceMs = world.nowMs;
		this.#world = world;
	}

	get ageMs() {
		return this.#world.nowMs - this.askedAtMs;
	}

	get expired() {
		return this.ageMs >= this.#world.usableMs;
	}
}
