import { ContainerBuilderError } from '@olcf/container-builder-core';

/**
 * Connections of each user: nobody has so many that there are none left for others. Those that are allowed are a share of what
 * the process can hold (see `openFiles`).
 */
export class ConnectionCounts {
	readonly #most: number;
	readonly #counts = new Map<string, number>();

	/** @param most of one user, at a time */
	constructor(most: number) {
		this.#most = most;
	}

	/** Counts one more; the returned function takes it back. Throws `busy`. */
	add(user: string): () => void {
		const count = this.#counts.get(user) ?? 0;
		if (count >= this.#most) {
			throw new ContainerBuilderError('busy', `${user} has ${count} connections to this queue already`, {
				hint: 'End some of the commands that wait, or let one program wait for many builds: it needs one connection.',
			});
		}
		this.#counts.set(user, count + 1);
		return () => {
			const left = (this.#counts.get(user) ?? 1) - 1;
			if (left > 0) this.#counts.set(user, left);
			else this.#counts.delete(user);
		};
	}
}
