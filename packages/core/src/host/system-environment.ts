/** The environment of the system's programs and of our scripts: nothing but what is named, and a path on which the administrator's programs are. */
export function systemEnvironment(variables: Readonly<Record<string, string>> = {}): Record<string, string> {
	const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
	const given = (process.env.PATH ?? '').split(':').filter((part) => part.startsWith('/'));
	// Root runs nothing from a user's directory where the system has it too.
	const path = process.getuid?.() === 0 ? [...system, ...given] : [...given, ...system];
	return { PATH: [...new Set(path)].join(':'), LC_ALL: 'C', HOME: process.env.HOME ?? '/', ...variables };
}
