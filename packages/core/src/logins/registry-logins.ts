import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import {
	type AbortOptions,
	ContainerBuilderError,
	type RegistryLogin,
	type RegistryLogins,
} from '../spec/index.js';
import { askCredentialHelper } from './ask-credential-helper.js';
import { authFilePaths } from './auth-file-paths.js';
import { type AuthFile, parseAuthFile } from './parse-auth-file.js';

/** Where logins to registries are looked for. */
export interface RegistryLoginsOptions {
	/**
	 * A file in the format of Docker's `config.json`: it and no other. @default the files of the user: `$REGISTRY_AUTH_FILE`
	 * alone where it is set, else `$XDG_RUNTIME_DIR/containers/auth.json`, `~/.config/containers/auth.json`,
	 * `$DOCKER_CONFIG/config.json` (`~/.docker`), `~/.apptainer/docker-config.json`
	 */
	readonly authfile?: string | undefined;
	/** Of variables and of credential helpers. @default process.env */
	readonly environment?: NodeJS.ProcessEnv | undefined;
	/** @default the home directory of the user */
	readonly home?: string | undefined;
	/** Milliseconds that a credential helper may take. @default 60000 */
	readonly helperTimeoutMs?: number | undefined;
	/** Told what is wrong with a file or helper that was not asked for by name; never anything secret. */
	readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * The user's own logins, for `BuildInput.logins`: reads the files that `docker login`, `podman login` and
 * `apptainer registry login` write, and asks their credential helpers, when a build wants them and only for the
 * registries it names.
 *
 * The result rejects with `invalid-option` where `authfile` cannot be read. Any other file that is missing is skipped; one that
 * cannot be read, and a helper that fails, is a warning.
 */
export function registryLogins(options: RegistryLoginsOptions = {}): RegistryLogins {
	const { authfile, environment = process.env, home = homedir() } = options;
	const onWarning = options.onWarning ?? (() => {});
	return async (registries, { signal }) => {
		throwIfAborted(signal);
		const paths = authfile === undefined ? authFilePaths(environment, home) : [authfile];
		const found = new Map<string, RegistryLogin>();
		for (const path of paths) {
			const file = authfile === undefined ? await readOwn(path, onWarning) : await readNamed(authfile);
			const asking = { environment, timeoutMs: options.helperTimeoutMs, onWarning, signal };
			if (file === undefined) continue;
			for (const registry of new Set(registries)) {
				for (const login of await loginsOf(file, registry, asking)) {
					if (!found.has(login.registry)) found.set(login.registry, login);
				}
			}
		}
		return [...found.values()];
	};
}

interface Asking extends AbortOptions {
	readonly environment: NodeJS.ProcessEnv;
	readonly timeoutMs: number | undefined;
	readonly onWarning: (message: string) => void;
}

/** Of one file: what the helper of the registry has, else what stands in the file, else what the general helper has. */
async function loginsOf(file: AuthFile, registry: string, asking: Asking): Promise<RegistryLogin[]> {
	const isOf = (name: string): boolean => name === registry || name.startsWith(`${registry}/`);
	const logins = new Map(
		file.logins.filter((login) => isOf(login.registry)).map((login) => [login.registry, login]),
	);
	for (const [name, helper] of Object.entries(file.credentialHelpers)) {
		const login = isOf(name) ? await ask(helper, name, asking) : undefined;
		if (login !== undefined) logins.set(name, login);
	}
	if (logins.size === 0 && file.credentialStore !== undefined) {
		const login = await ask(file.credentialStore, registry, asking);
		if (login !== undefined) logins.set(registry, login);
	}
	return [...logins.values()];
}

/** A helper that does not work may be of no importance: the base may well be public. */
async function ask(helper: string, registry: string, asking: Asking): Promise<RegistryLogin | undefined> {
	try {
		return await askCredentialHelper(helper, registry, asking);
	} catch (error) {
		const { code, message } = ContainerBuilderError.from(error);
		if (code === 'canceled') throw error;
		asking.onWarning(message);
		return undefined;
	}
}

async function readNamed(path: string): Promise<AuthFile> {
	const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		throw new ContainerBuilderError('invalid-option', `the authfile ${path} ${unreadable(error)}`, {
			cause: error,
			hint: `Make it by podman login --authfile ${path} REGISTRY, or name none to use your own logins.`,
		});
	});
	try {
		return parseAuthFile(text);
	} catch (error) {
		const { message, hint } = ContainerBuilderError.from(error);
		throw new ContainerBuilderError('invalid-option', `${path}: ${message}`, { hint });
	}
}

async function readOwn(path: string, onWarning: (message: string) => void): Promise<AuthFile | undefined> {
	try {
		return parseAuthFile(await readFile(path, 'utf8'));
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		const what =
			code === 'invalid-configuration' ? `: ${message}` : ` ${unreadable(error as NodeJS.ErrnoException)}`;
		onWarning(`${path}${what}; the logins in it are not used`);
		return undefined;
	}
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
	if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
	if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
	if (code === 'EISDIR') return 'is a directory';
	return `cannot be read: ${message}`;
}
