import * as z from 'zod';
import { ContainerBuilderError, type RegistryLogin } from '../spec/index.js';
import { registryOfAuthKey } from './registry-of-auth-key.js';

/** What a file of registry logins says. */
export interface AuthFile {
	/** Those that stand in the file itself. Where a registry comes twice, the first holds. */
	readonly logins: readonly RegistryLogin[];
	/** Docker's `credsStore`: the NAME of the program `docker-credential-NAME` that is asked for any registry. */
	readonly credentialStore?: string | undefined;
	/** Docker's `credHelpers`: a registry, and the NAME of the program that is asked for it before anything else. */
	readonly credentialHelpers: Readonly<Record<string, string>>;
}

const helperSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
const authFileSchema = z.looseObject({
	auths: z
		.record(
			z.string(),
			z.looseObject({
				auth: z.string().nullish(),
				username: z.string().nullish(),
				password: z.string().nullish(),
				identitytoken: z.string().nullish(),
			}),
		)
		.nullish(),
	credsStore: helperSchema.or(z.literal('')).nullish(),
	credHelpers: z.record(z.string(), helperSchema).nullish(),
});
type Entry = NonNullable<z.infer<typeof authFileSchema>['auths']>[string];

/**
 * Reads the text of Docker's `config.json` or of a containers-auth.json(5). Names of registries come out as they stand
 * in references: `https://index.docker.io/v1/` as `docker.io`. Throws `invalid-configuration`; the message has nothing
 * of what is in the file but names of fields and registries.
 */
export function parseAuthFile(text: string): AuthFile {
	const { auths, credsStore, credHelpers } = readJson(text);
	const logins = new Map<string, RegistryLogin>();
	for (const [key, entry] of Object.entries(auths ?? {})) {
		const registry = registryOfAuthKey(key);
		const login = readEntry(key, registry, entry);
		if (login !== undefined && !logins.has(registry)) logins.set(registry, login);
	}
	return {
		logins: [...logins.values()],
		...(credsStore ? { credentialStore: credsStore } : {}),
		credentialHelpers: Object.fromEntries(
			Object.entries(credHelpers ?? {}).map(([key, helper]) => [registryOfAuthKey(key), helper]),
		),
	};
}

function readJson(text: string): z.infer<typeof authFileSchema> {
	let json: unknown;
	try {
		json = JSON.parse(text.replace(/^\uFEFF/, ''));
	} catch {
		// What JSON.parse says quotes the text.
		throw invalid('it is not JSON');
	}
	const { data, error } = authFileSchema.safeParse(json);
	if (data !== undefined) return data;
	const issue = error.issues[0];
	throw invalid(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not what it should be'}`);
}

/** Undefined for an entry without a login, as Docker leaves them for what its credential store has. */
function readEntry(key: string, registry: string, entry: Entry): RegistryLogin | undefined {
	if (entry.identitytoken) return { registry, identityToken: entry.identitytoken };
	if (!entry.auth) {
		const { username, password } = entry;
		return username ? { registry, username, password: password ?? '' } : undefined;
	}
	const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
	const colon = decoded.indexOf(':');
	if (colon <= 0) throw invalid(`auths.${key}.auth: it is not NAME:PASSWORD in base64`);
	// Docker pads passwords with NULs.
	return {
		registry,
		username: decoded.slice(0, colon),
		password: decoded.slice(colon + 1).replace(/\0+$/, ''),
	};
}

function invalid(what: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-configuration', `not a file of registry logins: ${what}`, {
		hint: "It must be Docker's config.json or a containers auth.json, as docker login and podman login write them.",
	});
}
