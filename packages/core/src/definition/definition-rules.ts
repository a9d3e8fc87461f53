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

/** The fields of a header as the documents write them; apptainer takes them in any case. */
export const HEADER_FIELDS: readonly string[] = [
	'Bootstrap',
	'From',
	'IncludeCmd',
	'MirrorURL',
	'UpdateURL',
	'OSVersion',
	'Include',
	'Library',
	'Registry',
	'Namespace',
	'Stage',
	'Product',
	'User',
	'Regcode',
	'ProductPGP',
	'RegisterURL',
	'Modules',
	'Fingerprints',
	'ConfURL',
	'SetOpt',
];
const HEADER_KEYS: ReadonlySet<string> = new Set(HEADER_FIELDS.map((field) => field.toLowerCase()));

/** Whether a header may have this key (in lower case). */
export function isHeaderKey(key: string): boolean {
	return HEADER_KEYS.has(key) || /^otherurl\d+$/.test(key);
}

/** What is known of a bootstrap agent. */
export interface BootstrapAgent {
	/** The header fields that it cannot do without. */
	readonly fields: readonly string[];
	/** Why it cannot be used here, and what to do instead. */
	readonly unusable?: string;
	/** Makes images of the machine's own architecture, whichever was asked for. */
	readonly nativeOnly?: true;
}

/** All that apptainer has, by name. */
export const BOOTSTRAP_AGENTS: ReadonlyMap<string, BootstrapAgent> = new Map<string, BootstrapAgent>([
	['docker', { fields: ['From'] }],
	['oras', { fields: ['From'] }],
	['library', { fields: ['From'] }],
	['shub', { fields: ['From'] }],
	['localimage', { fields: ['From'] }],
	['oci-archive', { fields: ['From'] }],
	['docker-archive', { fields: ['From'] }],
	['oci', { fields: ['From'] }],
	[
		'docker-daemon',
		{
			fields: ['From'],
			unusable:
				'the Docker daemon of this machine cannot be reached from a builder: docker save the image, and use docker-archive',
		},
	],
	['debootstrap', { fields: ['MirrorURL', 'OSVersion'], nativeOnly: true }],
	['yum', { fields: ['MirrorURL'], nativeOnly: true }],
	['dnf', { fields: ['MirrorURL'], nativeOnly: true }],
	['busybox', { fields: ['MirrorURL'], nativeOnly: true }],
	[
		'arch',
		{
			fields: [],
			nativeOnly: true,
			unusable: 'builders have no pacstrap: write Bootstrap: docker and From: archlinux',
		},
	],
	[
		'zypper',
		{
			fields: [],
			nativeOnly: true,
			unusable: 'builders have no zypper: write Bootstrap: docker and From: opensuse/leap',
		},
	],
	['scratch', { fields: [] }],
]);
