import { MAX_SECRET_BYTES, secretIdSchema } from '../protocol/builder-schemas.js';
import { type BuildSecret, ContainerBuilderError, type Secret } from '../spec/index.js';

/** Most secrets of a build. */
const MAX_SECRETS = 64;

/** The secrets as they travel. Throws `invalid-option`. */
export function encodeSecrets(secrets: readonly Secret[]): readonly BuildSecret[] {
	const ids = new Set<string>();
	let size = 0;
	const encoded = secrets.map(({ id, value }) => {
		if (!secretIdSchema.safeParse(id).success) {
			throw invalid(
				`${JSON.stringify(id)} cannot be the id of a secret`,
				'Use letters, digits, ".", "_" and "-", at most 64, beginning with a letter or digit.',
			);
		}
		if (ids.has(id)) throw invalid(`there are two secrets with the id ${id}`, 'Give each an id of its own.');
		ids.add(id);
		const bytes = Buffer.from(value);
		size += bytes.byteLength;
		return { id, value: bytes.toString('base64') };
	});
	if (encoded.length > MAX_SECRETS) throw invalid(`${encoded.length} secrets are more than ${MAX_SECRETS}`);
	if (size > MAX_SECRET_BYTES) {
		throw invalid(
			`the secrets are of ${size} bytes together, more than ${MAX_SECRET_BYTES}`,
			'A secret is a password, a token or a key; larger files belong into the context.',
		);
	}
	return encoded;
}

function invalid(message: string, hint?: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
