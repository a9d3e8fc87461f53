import { join, resolve } from 'node:path';
import { misconfigured } from './misconfigured.js';
import { privateDirectory } from './private-directory.js';

/** The kernel's limit for the path of a unix socket. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Where machines are recorded when no directory is given. */
export function defaultStateDirectory(
	environment: NodeJS.ProcessEnv = process.env,
	userId: number | undefined = process.getuid?.(),
): string {
	if (userId === 0) return '/run/container-builder';
	const runtime = environment.XDG_RUNTIME_DIR;
	return runtime?.startsWith('/') ? join(runtime, 'container-builder') : `/tmp/container-builder-${userId}`;
}

/** The socket of a machine, as this machine's processes see it. */
export function socketPath(stateDirectory: string, id: string): string {
	return join(stateDirectory, id, 'builder.sock');
}

/** Makes the state directory. Rejects with `provider-misconfigured` where its path leaves no room for a socket's. */
export async function openStateDirectory(given: string | undefined): Promise<string> {
	const path = await privateDirectory(resolve(given ?? defaultStateDirectory()));
	// The daemon makes its socket under another name of the same length, one directory further down.
	const longest = join(path, '0123456789abcdef', 's', 'builder.sock');
	const excess = Buffer.byteLength(longest) - MAX_SOCKET_PATH_BYTES;
	if (excess > 0) {
		throw misconfigured(
			`the state directory ${path} is ${excess} bytes too long: a socket in it would have a path of more than ${MAX_SOCKET_PATH_BYTES} bytes`,
			'Set stateDirectory to a shorter path, or XDG_RUNTIME_DIR.',
		);
	}
	return path;
}

/** The URL of a unix socket. */
export function socketUrl(path: string): string {
	return `ws+unix://${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`;
}
