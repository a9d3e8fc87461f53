import { encodeBootstrap } from '../../protocol/bootstrap.js';
import type { MachineRequest, ProviderCapabilities } from '../../spec/index.js';
import type { BuilderRecord } from '../records/builder-record.js';
import type { PoolSettings } from './pool-settings.js';

/** What a machine is asked for by, beside what is its own. */
export interface MachineRequestParts {
	readonly owner: string;
	readonly pool: PoolSettings;
	readonly capabilities: ProviderCapabilities;
	/** Whether the builder is to be ready for the site's registry logins. */
	readonly sendsLogins: boolean;
}

/** The request for a builder's machine, with the bootstrap of its daemon. */
export function machineRequest(
	{ builderId, secret }: Pick<BuilderRecord, 'builderId' | 'secret'>,
	{ owner, pool, capabilities, sendsLogins }: MachineRequestParts,
): MachineRequest {
	const { lifetimeMs } = pool;
	return {
		builderId,
		owner,
		pool: pool.name,
		architecture: pool.architecture,
		flavor: pool.flavor,
		image: pool.image,
		bootstrap: encodeBootstrap({
			version: 1,
			builderId,
			owner,
			listen: { url: capabilities.listen.url },
			secret,
			enrolMs: pool.bootTimeoutMs * 2,
			lifetimeMs,
			privilege: capabilities.privilege,
			...(sendsLogins ? { logins: true } : {}),
		}),
		lifetimeMs,
		limits: pool.limits,
		network: pool.network,
		labels: pool.labels,
	};
}
