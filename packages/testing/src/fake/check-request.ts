import {
	ContainerBuilderError,
	type MachineRequest,
	type ProviderCapabilities,
} from '@olcf/container-builder-core';

const MAX_BOOTSTRAP_BYTES = 16 * 1024;
const NAME = /^[a-z0-9-]{1,63}$/;

/** Throws `invalid-option` for a request that no provider, or none of these capabilities, can meet. */
export function checkRequest(request: MachineRequest, capabilities: ProviderCapabilities): void {
	const refuse = (message: string): never => {
		throw new ContainerBuilderError('invalid-option', message, { outcome: 'none' });
	};
	if (!NAME.test(request.builderId)) refuse(`'${request.builderId}' cannot be the id of a builder`);
	if (!NAME.test(request.owner)) refuse(`'${request.owner}' cannot be the name of an owner`);
	if (request.bootstrap.length > MAX_BOOTSTRAP_BYTES) refuse('the bootstrap is larger than 16 KiB');
	if (!capabilities.architectures.includes(request.architecture)) {
		refuse(`no machines of architecture ${request.architecture}`);
	}
	if (!capabilities.networks.includes(request.network)) refuse(`no network of mode ${request.network}`);
}
