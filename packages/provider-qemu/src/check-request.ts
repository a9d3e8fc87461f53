import { ContainerBuilderError, type MachineRequest, type NetworkMode } from '@olcf/container-builder-core';
import { hostArchitecture } from './host-architecture.js';

/** Most bytes of a bootstrap. */
const MAX_BOOTSTRAP_BYTES = 16 * 1024;

/** Refuses what no machine here can be: `TypeError` for mistakes, `unsupported` for what others may do. */
export function checkRequest(request: MachineRequest, networks: readonly NetworkMode[]): void {
	for (const key of ['builderId', 'owner'] as const) {
		if (!/^[a-z0-9-]{1,63}$/.test(request[key])) {
			throw new TypeError(`${key} '${request[key]}' is not of 1 to 63 characters a-z, 0-9 and -`);
		}
	}
	const { byteLength } = request.bootstrap;
	if (byteLength > MAX_BOOTSTRAP_BYTES) {
		throw new TypeError(`a bootstrap has at most ${MAX_BOOTSTRAP_BYTES} bytes, not ${byteLength}`);
	}
	if (!(request.lifetimeMs > 0))
		throw new TypeError(`lifetimeMs ${request.lifetimeMs} is no positive number`);
	if (request.architecture !== hostArchitecture()) {
		throw unsupported(
			`this machine is ${hostArchitecture()} and makes no builders of ${request.architecture}`,
		);
	}
	if (!networks.includes(request.network)) {
		throw unsupported(`network '${request.network}' is not to be had here; there is ${networks.join(', ')}`);
	}
}

function unsupported(message: string): ContainerBuilderError {
	return new ContainerBuilderError('unsupported', message, { outcome: 'none' });
}
