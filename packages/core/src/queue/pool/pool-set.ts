import {
	type CheckoutRequest,
	type Clock,
	ContainerBuilderError,
	type Logger,
	type Provider,
} from '../../spec/index.js';
import type { BuilderRecord } from '../records/builder-record.js';
import { Fleet } from './fleet.js';
import { Pool, type PoolDependencies } from './pool.js';
import type { PoolSettings } from './pool-settings.js';
import type { PooledBuilder } from './pooled-builder.js';
import { ProviderCalls } from './provider-calls.js';

/** What a set is made of. */
export interface PoolSetOptions {
	readonly owner: string;
	readonly clock: Clock;
	readonly logger: Logger;
	readonly reconcileMs: number;
	readonly remembers: boolean;
	/** Aborts when what is left is to stay. */
	readonly signal: AbortSignal;
	/** What all pools share. */
	readonly common: Omit<PoolDependencies, 'calls' | 'waiting' | 'onRefused' | 'onGone'>;
	/** How many checkouts of a pool would have a builder at once. */
	readonly waiting: (pool: string) => number;
	/** Called when those who wait in vain for a builder of a pool are to hear it; `coming` is how many builders are on their way. */
	readonly onRefused: (pool: string, coming: number, error: ContainerBuilderError) => void;
	readonly onChange: () => void;
}

/** The pools of a queue, in fleets: one for each provider. */
export class PoolSet {
	readonly #options: PoolSetOptions;
	readonly #fleets = new Map<Provider, Fleet>();
	readonly #pools = new Map<string, Pool>();
	/** Pools that the queue is not to have any more, as long as they have builders. */
	readonly #leaving = new Set<Pool>();

	constructor(options: PoolSetOptions) {
		this.#options = options;
	}

	/** Those that take checkouts, in the order of the settings. */
	get pools(): readonly Pool[] {
		return [...this.#pools.values()];
	}

	/** Those that are being left too. */
	get all(): readonly Pool[] {
		return [...this.#pools.values(), ...this.#leaving];
	}

	get fleets(): readonly Fleet[] {
		return [...this.#fleets.values()];
	}

	get builders(): readonly PooledBuilder[] {
		return this.all.flatMap(({ builders }) => builders);
	}

	fleetOf(pool: Pool): Fleet | undefined {
		return this.fleets.find(({ pools }) => pools.includes(pool));
	}

	find(name: string): Pool | undefined {
		return this.#pools.get(name);
	}

	/**
	 * The pool of a checkout, of those that its user may use. Throws `unsupported` for a pool or an architecture that there is
	 * not, `forbidden` for one that is not for this user.
	 */
	choose(
		{ pool: name, architecture }: Pick<CheckoutRequest, 'pool' | 'architecture'>,
		allowed?: readonly string[],
	): Pool {
		const all = this.pools.filter(({ settings }) => allowed?.includes(settings.name) ?? true);
		const exists = name === undefined || this.pools.some(({ settings }) => settings.name === name);
		const named = name === undefined ? all : all.filter(({ settings }) => settings.name === name);
		if (named.length === 0 && exists) {
			const names = all.map(({ settings }) => settings.name).join(', ');
			throw new ContainerBuilderError(
				'forbidden',
				name === undefined ? 'no pool of this queue is for you' : `the pool ${name} is not for you`,
				{ hint: names === '' ? 'Ask those who run the queue.' : `You may use ${names}.` },
			);
		}
		if (named.length === 0) {
			const names = all.map(({ settings }) => settings.name).join(', ');
			throw unsupported(`this queue has no pool ${name}`, `It has ${names}.`);
		}
		const fitting =
			named.find(({ settings }) => architecture === undefined || settings.architecture === architecture) ??
			named.find(({ settings }) => architecture !== undefined && settings.emulate.includes(architecture));
		if (fitting !== undefined) return fitting;
		const its = named.flatMap(({ settings }) => [settings.architecture, ...settings.emulate]);
		const architectures = [...new Set(its)].join(', ');
		const where = name === undefined ? 'this queue' : `the pool ${name}`;
		throw unsupported(`${where} has no builders of architecture ${architecture}`, `It has ${architectures}.`);
	}

	/** Has these pools from now on; what others have ends in peace. Throws `invalid-option`, and changes nothing then. */
	configure(settings: readonly PoolSettings[]): void {
		for (const { name, provider } of settings) {
			const known = this.#pools.get(name);
			if (known === undefined || known.settings.provider === provider) continue;
			throw new ContainerBuilderError(
				'invalid-option',
				`the provider of the pool ${name} cannot be changed`,
				{
					hint: 'Give the pool another name, or start the queue anew.',
				},
			);
		}
		const before = new Map(this.#pools);
		this.#pools.clear();
		for (const wanted of settings) {
			const known = before.get(wanted.name);
			before.delete(wanted.name);
			if (known !== undefined) known.configure(wanted);
			this.#pools.set(wanted.name, known ?? this.#make(wanted));
		}
		for (const pool of before.values()) {
			this.#leaving.add(pool);
			pool.drain();
			this.#leave(pool);
		}
		for (const fleet of this.fleets) fleet.calls.createConcurrency = concurrencyOf(fleet);
	}

	/**
	 * Takes a builder of an earlier process over. Where its pool is no more, another one of its provider sees it off once
	 * its lease has ended. Undefined where there is no such provider any more.
	 */
	adopt(record: BuilderRecord): PooledBuilder | undefined {
		const own = this.#pools.get(record.pool);
		if (own?.settings.provider.name === record.provider) return own.adopt(record);
		const other = this.pools.find(({ settings }) => settings.provider.name === record.provider);
		if (other === undefined) return undefined;
		const stays = record.lease !== undefined || record.givenUp !== undefined;
		return other.adopt(stays ? record : { ...record, givenUp: 'its pool is no more' });
	}

	#make(settings: PoolSettings): Pool {
		const { common, waiting, onRefused } = this.#options;
		const { name, provider } = settings;
		const fleet = this.#fleets.get(provider) ?? this.#makeFleet(provider);
		const pool: Pool = new Pool(settings, {
			...common,
			calls: fleet.calls,
			waiting: () => waiting(name),
			onRefused: (error) => onRefused(name, pool.coming.length, error),
			onGone: (builderId) => {
				fleet.noteGone(builderId);
				this.#leave(pool);
			},
		});
		fleet.add(pool);
		return pool;
	}

	#makeFleet(provider: Provider): Fleet {
		const { owner, clock, logger, reconcileMs, remembers, signal, onChange } = this.#options;
		const calls = new ProviderCalls({ provider, owner, clock, createConcurrency: 1, signal });
		const fleet = new Fleet({ calls, clock, logger, reconcileMs, remembers, signal, onChange });
		this.#fleets.set(provider, fleet);
		return fleet;
	}

	/** A pool that is being left is forgotten with its last builder, and a fleet with its last pool. */
	#leave(pool: Pool): void {
		if (!this.#leaving.has(pool) || pool.builders.length > 0) return;
		this.#leaving.delete(pool);
		pool.close();
		const fleet = this.fleetOf(pool);
		fleet?.remove(pool);
		if (fleet?.pools.length !== 0) return;
		fleet.stop();
		this.#fleets.delete(pool.settings.provider);
	}
}

function concurrencyOf({ pools }: Fleet): number {
	return pools.reduce((sum, { policy }) => sum + policy.createConcurrency, 0);
}

function unsupported(message: string, hint: string): ContainerBuilderError {
	return new ContainerBuilderError('unsupported', message, { hint });
}
