/** Sections that a definition may have. */
export const SECTIONS: ReadonlySet<string> = new Set([
	'help',
	'setup',
	'files',
	'labels',
	'environment',
	'pre',
	'post',
	'runscript',
	'test',
	'startscript',
	'arguments',
]);

/** Sections of an app; its name follows. */
export const APP_SECTIONS: ReadonlySet<string> = new Set([
	'appinstall',
	'applabels',
	'appfiles',
	'appenv',
	'apptest',
	'apphelp',
	'apprun',
	'appstart',
]);

const HEADER_KEYS: ReadonlySet<string> = new Set([
	'bootstrap',
	'from',
	'includecmd',
	'mirrorurl',
	'updateurl',
	'osversion',
	'include',
	'library',
	'registry',
	'namespace',
	'stage',
	'product',
	'user',
	'regcode',
	'productpgp',
	'registerurl',
	'modules',
	'fingerprints',
	'confurl',
	'setopt',
]);

/** Whether a header may have this key (in lower case). */
export function isHeaderKey(key: string): boolean {
	return HEADER_KEYS.has(key) || /^otherurl\d+$/.test(key);
}

/** The bootstrap agents, each with the header fields that it cannot do without. */
export const BOOTSTRAP_AGENTS: ReadonlyMap<string, readonly string[]> = new Map([
	['library', ['From']],
	['oras', ['From']],
	['shub', ['From']],
	['docker', ['From']],
	['docker-archive', ['From']],
	['docker-daemon', ['From']],
	['oci', ['From']],
	['oci-archive', ['From']],
	['localimage', ['From']],
	['busybox', ['MirrorURL']],
	['debootstrap', ['MirrorURL', 'OSVersion']],
	['arch', []],
	['yum', []],
	['dnf', []],
	['zypper', []],
	['scratch', []],
]);
