import { host, inspectHost, type LocalOptions, local } from '@olcf/container-builder-provider-local';
import { type QemuOptions, qemu } from '@olcf/container-builder-provider-qemu';
import { daemonPath } from '../daemon-path.js';

/** The options that a configuration file may give, by the type of their value. */
const SUPERVISED = { stateDirectory: 'string', cacheDirectory: 'string', tether: 'boolean' } as const;
const LOCAL = {
	...SUPERVISED,
	image: 'string',
	disk: 'string',
	unenforceableLimits: 'string',
	limits: 'object',
	allow: 'object',
	forward: 'object',
	firstId: 'number',
} as const satisfies Record<keyof LocalOptions, string>;

const QEMU = {
	image: 'string',
	flavors: 'object',
	acceleration: 'string',
	allow: 'object',
	snapshots: 'boolean',
	snapshotDirectory: 'string',
	stateDirectory: 'string',
	imagesDirectory: 'string',
	tether: 'boolean',
	program: 'string',
} as const satisfies Record<keyof QemuOptions, string>;

/** A build outlives its queue: it ends when its client has it, or at its deadline. The next queue sweeps the rest. */
const OUTLIVE = { tether: false };

/** The providers that a queue's configuration may name. */
export const queueProviders = {
	local: {
		create: (options: Readonly<Record<string, unknown>>) => {
			checkOptions(options, LOCAL);
			return local({ ...OUTLIVE, ...options });
		},
		inspectHost: () => inspectHost(),
	},
	qemu: (options: Readonly<Record<string, unknown>>) => {
		checkOptions(options, QEMU);
		return qemu({ ...OUTLIVE, ...options });
	},
	host: (options: Readonly<Record<string, unknown>>) => {
		checkOptions(options, SUPERVISED);
		return host({ ...OUTLIVE, ...options, daemon: daemonPath() });
	},
};

/** Throws a `TypeError` for an option that there is not, or of the wrong type. */
function checkOptions(
	options: Readonly<Record<string, unknown>>,
	known: Readonly<Record<string, string>>,
): void {
	for (const [name, value] of Object.entries(options)) {
		const type = known[name];
		if (type === undefined) {
			throw new TypeError(`there is no option ${name}; there are ${Object.keys(known).join(', ')}`);
		}
		if (typeof value !== type || value === null) throw new TypeError(`${name} must be of type ${type}`);
	}
}
