import type { MachineRequest } from '../../spec/index.js';
import { newBuilderRecord } from '../records/new-builder-record.js';
import type { BuilderSurroundings } from './builder-surroundings.js';
import { machineRequest } from './machine-request.js';
import type { PoolSettings } from './pool-settings.js';

/** A request like those to come, for questions about machines that nobody makes. */
export class SampleRequest {
	readonly #around: BuilderSurroundings;
	#made: { readonly settings: PoolSettings; readonly request: MachineRequest } | undefined;

	constructor(around: BuilderSurroundings) {
		this.#around = around;
	}

	get request(): MachineRequest {
		const { pool: settings, calls } = this.#around;
		if (this.#made?.settings !== settings) {
			const { capabilities } = calls.provider;
			const request = machineRequest(newBuilderRecord(this.#around), { ...this.#around, capabilities });
			this.#made = { settings, request };
		}
		return this.#made.request;
	}
}
