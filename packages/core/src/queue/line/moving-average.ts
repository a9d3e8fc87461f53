/** The average of what was measured lately: each value counts a fifth of the new average. */
export class MovingAverage {
	#value: number | undefined;

	get value(): number | undefined {
		return this.#value;
	}

	add(sample: number): void {
		this.#value = this.#value === undefined ? sample : this.#value * 0.8 + sample * 0.2;
	}
}
