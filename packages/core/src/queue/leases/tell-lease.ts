import { createHash } from 'node:crypto';
import type { Logger, RegistryLogin } from '../../spec/index.js';
import type { PooledBuilder } from '../pool/pooled-builder.js';
import type { BuildBook } from './build-book.js';
import type { LeaseRecord } from './lease-book.js';
import { sealLogins } from './seal-logins.js';

/** What is told of a lease. */
export interface TellLeaseOptions {
	readonly builder: PooledBuilder;
	readonly terms: Pick<LeaseRecord, 'id' | 'buildId' | 'user' | 'deadlineMs' | 'idleMs'>;
	/** The builder is told its SHA-256. */
	readonly token: string;
	readonly builds: Pick<BuildBook, 'declaredAs'>;
	readonly logins: (() => Promise<readonly RegistryLogin[]>) | undefined;
	readonly logger: Logger;
}

/** Tells a builder whose it is, and what nothing else is to be built than. */
export async function tellLease(options: TellLeaseOptions): Promise<void> {
	const { builder, terms, token, builds, logins, logger } = options;
	const { id: leaseId, buildId, user, deadlineMs, idleMs } = terms;
	const tokenSha256 = createHash('sha256').update(token).digest('hex');
	const declarationSha256 = builds.declaredAs(buildId);
	const sealedLogins = logins && (await sealLogins({ logins, logger, builder, leaseId }));
	await builder.link.callOnce('lease', {
		...{ leaseId, buildId, user, tokenSha256, deadlineMs, idleMs },
		...(declarationSha256 === undefined ? {} : { declarationSha256 }),
		...(sealedLogins === undefined ? {} : { sealedLogins }),
	});
}
