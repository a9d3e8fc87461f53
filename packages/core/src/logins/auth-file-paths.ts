import { join } from 'node:path';

/**
 * Where a user's registry logins may lie, in the order in which they are looked for: podman's and buildah's places,
 * Docker's, Apptainer's. `REGISTRY_AUTH_FILE` stands for all others, as with podman.
 */
export function authFilePaths(environment: NodeJS.ProcessEnv, home: string): readonly string[] {
	const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
	if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
	return [
		...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers', 'auth.json')] : []),
		join(XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
		join(DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
		join(home, '.apptainer', 'docker-config.json'),
	];
}
