import { ContainerBuilderError, type Machine } from '../../spec/index.js';
import type { KeptRecord } from '../records/kept-record.js';
import type { BuilderSurroundings } from './builder-surroundings.js';
import { destroyMachine } from './destroy-machine.js';
import { findEndpoint, type Reachable } from './machine-look-up.js';
import { machineRequest } from './machine-request.js';

/** A machine that was made a shorter time ago, and has not even booted, may be missing in the provider's list. */
const NEW_MACHINE_MS = 15_000;

/** What a {@link BuilderMachine} is made of. */
export interface BuilderMachineOptions {
	readonly around: BuilderSurroundings;
	readonly record: KeptRecord;
	/** When its builder was asked for, by the queue's clock. */
	readonly askedAt: number;
	/** Whether there may be one already. */
	readonly mayExist: boolean;
}

/** The machine of one builder: its making, where it answers, its end. */
export class BuilderMachine {
	readonly #options: BuilderMachineOptions;
	#mayExist: boolean;
	/** When this process learned that there is one; by the queue's clock. */
	#madeAt: number | undefined;

	constructor(options: BuilderMachineOptions) {
		this.#options = options;
		this.#mayExist = options.mayExist;
	}

	/** False where it is certain that there is nothing to destroy. */
	get mayExist(): boolean {
		return this.#mayExist;
	}

	/** Milliseconds since the provider said that it is made, or since it was asked for by another process. */
	get ageMs(): number {
		const { around, askedAt } = this.#options;
		return around.clock.now() - (this.#madeAt ?? askedAt);
	}

	/** Resolves when it is made, and written down. */
	async create(signal: AbortSignal, onProgress: (message: string) => void): Promise<Machine> {
		const { around, record } = this.#options;
		const { calls, step, pool, clock } = around;
		const { capabilities } = calls.provider;
		this.#mayExist = true;
		try {
			const machine = await calls.create(
				machineRequest(record.current, { ...around, capabilities }),
				signal,
				{
					limitMs: pool.createTimeoutMs,
					onProgress,
					onSent: () => step('create-sent'),
				},
			);
			this.#madeAt = clock.now();
			step('create-answered');
			const { id, imageId, endpoint, reach } = machine;
			await record.save({ machine: { id, imageId, endpoint, reach } }, 'machine-recorded');
			return machine;
		} catch (error) {
			this.#mayExist = ContainerBuilderError.from(error).outcome !== 'none';
			throw error;
		}
	}

	/** Where its daemon answers: told by `machine`, by the record, or by the provider's list. */
	async whereItAnswers(
		machine: Machine | undefined,
		signal: AbortSignal,
		onFailure: (error: unknown) => void,
	): Promise<Reachable> {
		const { record, around } = this.#options;
		const { calls, clock } = around;
		const { builderId, machine: recorded } = record.current;
		const known = machine ?? recorded;
		if (known?.endpoint !== undefined) return { ...known, endpoint: known.endpoint };
		return await findEndpoint({ builderId, machine, calls, clock, signal, onFailure });
	}

	/** See {@link destroyMachine}. */
	destroy(onFault: (message: string) => void): Promise<boolean> {
		const { record, around } = this.#options;
		const { calls, clock, logger, signal, step } = around;
		const { builderId, machine, enrolled } = record.current;
		const isNew = machine === undefined || (!enrolled && this.ageMs < NEW_MACHINE_MS);
		return destroyMachine({
			...{ builderId, machineId: machine?.id, isNew, onFault },
			...{ calls, clock, logger, signal, step },
		});
	}
}
