import { type Build, ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { Phases } from '../output/phases.js';

/** How a build is left. */
export interface DepartureOptions {
	/** @default until the lease's deadline */
	readonly keepMs?: number | undefined;
	readonly phases: Phases;
}

/** The leaving of a build to itself: begun at most once, and its end can be asked for at any time. */
export class Departure {
	readonly #build: Pick<Build, 'detach'>;
	readonly #options: DepartureOptions;
	#kept: Promise<number> | undefined;

	constructor(build: Pick<Build, 'detach'>, options: DepartureOptions) {
		this.#build = build;
		this.#options = options;
	}

	/** For how many milliseconds the builder is kept; 0 where the build was over, or cannot be left. */
	get keptMs(): Promise<number> {
		return this.#kept ?? Promise.resolve(0);
	}

	/** As soon as the builder has all that it needs. */
	begin(): Promise<number> {
		this.#kept ??= this.#leave();
		return this.#kept;
	}

	async #leave(): Promise<number> {
		const { keepMs, phases } = this.#options;
		try {
			const { keptMs } = await this.#build.detach({ keepMs });
			return keptMs;
		} catch (caught) {
			const { message } = ContainerBuilderError.from(caught);
			phases.line(`warning: the build cannot be left to itself: ${message}`);
			return 0;
		}
	}
}
