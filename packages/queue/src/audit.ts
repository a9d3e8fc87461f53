import { ContainerBuilderError, type Identity, type Logger, type Peer } from '@olcf/container-builder-core';

/** Who did something, and from where. */
export interface AuditSubject {
	readonly identity: Identity;
	readonly peer: Peer;
}

/** Writes down what a user asks for, and runs it; where it is refused, that too. */
export type Audit = <T>(
	action: string,
	fields: Readonly<Record<string, unknown>>,
	run: () => Promise<T>,
) => Promise<T>;

/**
 * Writes lines with the field `audit`, which names what was asked for: for those who have to answer who did what. Of
 * what was asked for only names and ids are written, no secret.
 */
export function auditOf(logger: Logger, { identity, peer }: AuditSubject): Audit {
	const { user, method } = identity;
	const subject = { user, method, peer: peer.address };
	return async (action, fields, run) => {
		logger.info({ audit: action, ...subject, ...fields }, `${user}: ${action}`);
		try {
			return await run();
		} catch (caught) {
			const { code, message } = ContainerBuilderError.from(caught);
			logger.info(
				{ audit: `${action}-refused`, ...subject, ...fields, code },
				`${user}: ${action}: ${message}`,
			);
			throw caught;
		}
	};
}
