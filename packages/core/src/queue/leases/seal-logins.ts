import { encodeSealedLogins } from '../../protocol/sealed-logins.js';
import { ContainerBuilderError, type Logger, type RegistryLogin } from '../../spec/index.js';
import type { PooledBuilder } from '../pool/pooled-builder.js';

/**
 * The site's registry logins for one lease, sealed to its builder. Undefined where there are none, or they cannot be
 * had: a definition that needs none of them is still built. Never rejects.
 */
export async function sealLogins(lease: {
	readonly logins: () => Promise<readonly RegistryLogin[]>;
	readonly logger: Logger;
	readonly builder: PooledBuilder;
	readonly leaseId: string;
}): Promise<string | undefined> {
	const { logger, builder, leaseId } = lease;
	try {
		const logins = await lease.logins();
		if (logins.length === 0) return undefined;
		const key = builder.link.loginsKey;
		if (key === undefined) {
			throw new ContainerBuilderError('unsupported', 'the builder has no key to seal them to');
		}
		return encodeSealedLogins(key, logins, { builderId: builder.id, leaseId });
	} catch (error) {
		const { code, message } = ContainerBuilderError.from(error);
		logger.error({ builder: builder.id, code }, `the site's registry logins are not used: ${message}`);
		return undefined;
	}
}
