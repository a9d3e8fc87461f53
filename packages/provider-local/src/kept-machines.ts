import { join, resolve } from 'node:path';
import {
	type CreateOptions,
	cacheDirectory,
	type Machine,
	type MachineRequest,
	type Provider,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { nothingMade } from './create-error.js';
import type { SupervisedOptions } from './local-options.js';
import type { MachineKeeper } from './machine-keeper.js';
import { privateDirectory } from './private-directory.js';

/** The cache directory that the options name, made where it is missing. */
export async function cacheOf(options: SupervisedOptions): Promise<string> {
	return options.cacheDirectory === undefined
		? await cacheDirectory()
		: await privateDirectory(resolve(options.cacheDirectory));
}

/** What every provider over a keeper has in common: all but what a machine is made of. */
export function keptMachines(
	keeper: MachineKeeper,
	options: SupervisedOptions,
	create: (request: MachineRequest, options: CreateOptions) => Promise<Machine>,
): Required<Pick<Provider, 'create' | 'destroy' | 'list' | 'sweep' | 'console' | 'close'>> {
	return {
		create: async (request, createOptions = {}) => {
			try {
				return await create(request, createOptions);
			} catch (error) {
				throw nothingMade(error);
			}
		},
		destroy: (target, abort) => keeper.destroy(target, abort),
		list: (filter, abort) => keeper.list(filter, abort),
		sweep: async (filter, abort) => {
			throwIfAborted(abort?.signal);
			return keeper.sweep(filter, abort, join(await cacheOf(options), 'disks'));
		},
		console: (id, abort) => keeper.console(id, abort),
		close: () => keeper.close(),
	};
}
