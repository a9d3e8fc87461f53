import PQueue from 'p-queue';
import {
	type Clock,
	ContainerBuilderError,
	type Machine,
	type MachineRequest,
	type Provider,
	type Removed,
} from '../../spec/index.js';
import { withTimeLimit } from '../../time/time-limit.js';
import { CallGate } from './call-gate.js';

/** Most machines being destroyed at a time. */
const DESTROY_CONCURRENCY = 8;
const DESTROY_LIMIT_MS = 180_000;
const LIST_LIMIT_MS = 60_000;
const ASK_LIMIT_MS = 30_000;
const SWEEP_LIMIT_MS = 300_000;

/** Options of {@link ProviderCalls}. */
export interface ProviderCallsOptions {
	readonly provider: Provider;
	readonly owner: string;
	readonly clock: Clock;
	readonly createConcurrency: number;
	/** Aborts when the pool gives up altogether. */
	readonly signal: AbortSignal;
}

/**
 * The calls that a pool makes of its provider: bounded in number and in time, and not repeated before the provider
 * wants them to be. The one file that knows p-queue.
 */
export class ProviderCalls {
	readonly #options: ProviderCallsOptions;
	readonly #creates: PQueue;
	readonly #gate: CallGate;
	readonly #destroys = new PQueue({ concurrency: DESTROY_CONCURRENCY });
	#listing: Promise<readonly Machine[]> | undefined;

	constructor(options: ProviderCallsOptions) {
		this.#options = options;
		this.#gate = new CallGate(options.clock);
		this.#creates = new PQueue({ concurrency: options.createConcurrency });
	}

	/** Most machines being created at a time from now on. */
	set createConcurrency(most: number) {
		this.#creates.concurrency = most;
	}

	get provider(): Provider {
		return this.#options.provider;
	}

	/** Rejects with the provider's error, or `machine-failed` with outcome `unknown` when the time is up. */
	create(
		request: MachineRequest,
		signal: AbortSignal,
		more: {
			readonly limitMs: number;
			readonly onProgress: (message: string) => void;
			readonly onSent: () => void;
		},
	): Promise<Machine> {
		const { provider } = this.#options;
		const { limitMs } = more;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('machine-failed', `no machine was made within ${limitMs / 1000} s`, {
				outcome: 'unknown',
			});
		return this.#creates.add(() =>
			this.#limited('create', limitMs, signal, onTimeout, (limited) => {
				const made = provider.create(request, { signal: limited, onProgress: more.onProgress });
				more.onSent();
				return made;
			}),
		);
	}

	/** Resolves when all of this builder is gone, as far as the provider knows. */
	destroy(builderId: string, id: string | undefined, onSent: () => void): Promise<void> {
		const { provider, owner, signal } = this.#options;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('provider-unavailable', `builder ${builderId} is not gone yet`);
		return this.#destroys.add(() =>
			this.#limited('destroy', DESTROY_LIMIT_MS, signal, onTimeout, (limited) => {
				const gone = provider.destroy({ owner, builderId, id }, { signal: limited });
				onSent();
				return gone;
			}),
		);
	}

	/** All machines of the owner. Those who ask while an answer is under way share it. */
	list(): Promise<readonly Machine[]> {
		const { provider, owner, signal } = this.#options;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('provider-unavailable', 'the provider does not list its machines');
		this.#listing ??= this.#limited('list', LIST_LIMIT_MS, signal, onTimeout, (limited) =>
			provider.list({ owner }, { signal: limited }),
		).finally(() => {
			this.#listing = undefined;
		});
		return this.#listing;
	}

	/** The same, of a moment that is not before this call. */
	async listAnew(): Promise<readonly Machine[]> {
		await this.#listing?.catch(() => {});
		return await this.list();
	}

	/** How many more such machines would fit now. */
	headroom(request: MachineRequest): Promise<number> {
		const { provider, signal } = this.#options;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('provider-unavailable', 'the provider does not say how much room it has');
		return this.#limited('headroom', ASK_LIMIT_MS, signal, onTimeout, async (limited) =>
			provider.headroom === undefined ? Infinity : await provider.headroom(request, { signal: limited }),
		);
	}

	/** The id of the image that such a machine would boot now; undefined where the provider cannot tell. */
	resolveImage(request: MachineRequest): Promise<string | undefined> {
		const { provider, signal } = this.#options;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('provider-unavailable', 'the provider does not say which image is current');
		return this.#limited('resolveImage', ASK_LIMIT_MS, signal, onTimeout, async (limited) =>
			provider.resolveImage?.(request, { signal: limited }),
		);
	}

	/** Removes what belongs to no builder of `keep`; resolves with that. */
	sweep(keep: ReadonlySet<string>, olderThanMs: number): Promise<readonly Removed[]> {
		const { provider, owner, signal } = this.#options;
		const onTimeout = (): ContainerBuilderError =>
			new ContainerBuilderError('provider-unavailable', 'the provider does not finish its sweep');
		return this.#limited('sweep', SWEEP_LIMIT_MS, signal, onTimeout, (limited) =>
			provider.sweep({ owner, keep, olderThanMs }, { signal: limited }),
		);
	}

	async #limited<T>(
		method: string,
		limitMs: number,
		signal: AbortSignal,
		onTimeout: () => ContainerBuilderError,
		work: (signal: AbortSignal) => Promise<T>,
	): Promise<T> {
		this.#gate.check(method);
		try {
			return await withTimeLimit({ clock: this.#options.clock, limitMs, signal, onTimeout }, work);
		} catch (caught) {
			const error = ContainerBuilderError.from(caught, 'provider-unavailable');
			this.#gate.failed(method, error);
			throw error;
		}
	}
}
