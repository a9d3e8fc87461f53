import { seededRandom } from '@olcf/container-builder-testing';

/** Choices that follow from a seed alone. */
export class DayRandom {
	/** From 0 to 1. */
	readonly next: () => number;

	constructor(seed: number) {
		this.next = seededRandom(seed);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	/** From `low` to below `high`. */
	between(low: number, high: number): number {
		return low + this.next() * (high - low);
	}

	/** A whole number from `low` to `high`, both included. */
	whole(low: number, high: number): number {
		return Math.floor(this.between(low, high + 1));
	}

	oneOf<T>(values: readonly [T, ...T[]]): T {
		return values[this.whole(0, values.length - 1)] ?? values[0];
	}

	/** As often as that in the mean, at least `least`. */
	exponential(mean: number, least: number): number {
		return Math.max(least, -mean * Math.log(1 - this.next()));
	}
}
