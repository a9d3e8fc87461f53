/** What builds get of the daemon's own environment; the rest stays with the daemon. */
const KEPT = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'];

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment that a backend starts with: a path, a locale, the proxies. */
export function buildEnvironment(
	environment: NodeJS.ProcessEnv,
	options: { readonly terminal: boolean },
): Record<string, string> {
	const kept: Record<string, string> = {
		PATH: environment.PATH || DEFAULT_PATH,
		LANG: 'C.UTF-8',
		TERM: options.terminal ? 'xterm-256color' : 'dumb',
	};
	for (const name of [...KEPT, ...KEPT.map((lower) => lower.toUpperCase())]) {
		const value = environment[name];
		if (value !== undefined) kept[name] = value;
	}
	return kept;
}
