import { arch } from 'node:os';
import {
	type Architecture,
	ContainerBuilderError,
	type MachineRequest,
	type NetworkMode,
} from '@olcf/container-builder-core';
import { checkLimits } from './limits.js';

/** Most bytes of a bootstrap. */
const MAX_BOOTSTRAP_BYTES = 16 * 1024;

/** This machine's architecture, by the name that images have. */
export function machineArchitecture(name: string = arch()): Architecture {
	if (name === 'arm64') return 'arm64';
	return name === 'ppc64' ? 'ppc64le' : 'amd64';
}

/** Refuses what no machine of this package can be: `TypeError` for mistakes, `unsupported` for what others may do. */
export function checkRequest(request: MachineRequest, networks: readonly NetworkMode[]): void {
	for (const key of ['builderId', 'owner'] as const) {
		if (!/^[a-z0-9-]{1,63}$/.test(request[key])) {
			throw new TypeError(`${key} '${request[key]}' is not of 1 to 63 characters a-z, 0-9 and -`);
		}
	}
	if (request.bootstrap.byteLength > MAX_BOOTSTRAP_BYTES) {
		throw new TypeError(
			`a bootstrap has at most ${MAX_BOOTSTRAP_BYTES} bytes, not ${request.bootstrap.byteLength}`,
		);
	}
	if (!(request.lifetimeMs > 0))
		throw new TypeError(`lifetimeMs ${request.lifetimeMs} is no positive number`);
	checkLimits(request.limits);
	if (request.architecture !== machineArchitecture()) {
		throw unsupported(
			`this machine is ${machineArchitecture()} and makes no builders of ${request.architecture}`,
		);
	}
	if (!networks.includes(request.network)) {
		throw unsupported(`network '${request.network}' is not to be had here; there is ${networks.join(', ')}`);
	}
}

function unsupported(message: string): ContainerBuilderError {
	return new ContainerBuilderError('unsupported', message, { outcome: 'none' });
}
