const DOCKER_HUB = new Set([
	'docker.io',
	'index.docker.io',
	'registry-1.docker.io',
	'registry.hub.docker.com',
]);

/**
 * The registry that a key of `auths` or `credHelpers` means: `https://index.docker.io/v1/` is `docker.io`. A key with a
 * scheme is Docker's and means the host; one without may have a path below it, which containers' programs honour.
 */
export function registryOfAuthKey(key: string): string {
	const bare = key.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
	const [host = '', ...path] = bare
		.replace(/\/v[12]\/?$/, '')
		.replace(/\/+$/, '')
		.split('/');
	const name = host.toLowerCase();
	const registry = DOCKER_HUB.has(name) ? 'docker.io' : name;
	return bare === key.trim() ? [registry, ...path].join('/') : registry;
}
