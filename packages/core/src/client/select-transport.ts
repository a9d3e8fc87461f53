import { checkSpecification } from '../queue/check-specification.js';
import { ContainerBuilderError, type Endpoint, type Transport } from '../spec/index.js';

/**
 * The transport for an endpoint's scheme. Throws `unsupported-specification` for a plug-in of another version, and
 * `unsupported` where none speaks the scheme.
 */
export function selectTransport(transports: readonly Transport[], endpoint: Endpoint): Transport {
	const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(endpoint.url)?.[0].toLowerCase();
	const found = transports.find((transport) => scheme !== undefined && transport.schemes.includes(scheme));
	if (found === undefined) {
		const known = transports.flatMap((transport) => transport.schemes);
		throw new ContainerBuilderError('unsupported', `no transport speaks ${endpoint.url}`, {
			hint: `The transports at hand speak ${known.length === 0 ? 'nothing' : known.join(', ')}.`,
		});
	}
	checkSpecification('transport', found);
	return found;
}
