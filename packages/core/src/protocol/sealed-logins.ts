import { ContainerBuilderError, type RegistryLogin } from '../spec/index.js';
import { registryLoginsSchema } from './builder-schemas.js';
import { type SealingKey, seal } from './sealed-box.js';

/** The lease that logins are sealed for. */
export interface SealedFor {
	readonly builderId: string;
	readonly leaseId: string;
}

/** Most characters of sealed logins. */
export const MAX_SEALED_LENGTH = 524_288;

/**
 * Seals a site's registry logins for one lease of one builder. Throws `protocol` where the key is none, and
 * `size-limit` where there are too many, or too long ones.
 */
export function encodeSealedLogins(
	publicKey: string,
	logins: readonly RegistryLogin[],
	lease: SealedFor,
): string {
	const checked = registryLoginsSchema.safeParse(logins);
	const sealed = checked.success
		? seal(publicKey, Buffer.from(JSON.stringify(checked.data)), purpose(lease))
		: undefined;
	if (sealed !== undefined && sealed.length <= MAX_SEALED_LENGTH) return sealed;
	throw new ContainerBuilderError(
		'size-limit',
		'the registry logins of the site are too many or too long for a builder',
	);
}

/** Opens them on the builder. Throws `protocol`; the message has nothing of what was in the box. */
export function decodeSealedLogins(
	key: SealingKey,
	sealed: string,
	lease: SealedFor,
): readonly RegistryLogin[] {
	const bytes = key.unseal(sealed, purpose(lease));
	try {
		return registryLoginsSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
	} catch {
		throw new ContainerBuilderError('protocol', 'the registry logins of the site cannot be read');
	}
}

function purpose({ builderId, leaseId }: SealedFor): string {
	return ['registry logins', builderId, leaseId].join('\n');
}
