import { writeFile } from 'node:fs/promises';
import {
	type AllowedDestination,
	FORWARDED_NAMESERVER,
	networkRules,
	readHostNetwork,
} from '@olcf/container-builder-core/host';

/** The filter is there before whatever it is for. */
const FILTERED = 'nft -f "$0" && exec "$@"';

/** How passt is run so that it reaches the outside world and nothing of this machine's own networks. */
export interface Isolation {
	/** The words before its own. */
	readonly before: readonly string[];
	/** Further options of its own. */
	readonly options: readonly string[];
}

/**
 * A network namespace with a filter in it, and pasta(1) as its way out; writes the filter. One port of loopback leads
 * into it, where passt listens.
 */
export async function isolate(
	rules: string,
	{
		port,
		allow,
		pid,
	}: {
		readonly port: number;
		readonly allow: readonly AllowedDestination[];
		readonly pid: readonly string[];
	},
): Promise<Isolation> {
	const { own, nameservers, loopbackOnly } = await readHostNetwork();
	const asked = loopbackOnly ? [FORWARDED_NAMESERVER] : nameservers;
	await writeFile(rules, networkRules({ own, nameservers: asked, allow }), { mode: 0o600 });
	// Root needs no user namespace to make one of networks.
	const root = process.getuid?.() === 0 ? ['--netns-only', '--runas', '0'] : [];
	return {
		before: [
			...['pasta', '--quiet', '--foreground', '--config-net', '--no-map-gw', ...root, ...pid],
			...['--tcp-ports', `127.0.0.1/${port}`, '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
			...(loopbackOnly ? ['--dns-forward', FORWARDED_NAMESERVER] : []),
			...['--', 'sh', '-c', FILTERED, rules],
		],
		options: asked.flatMap((address) => ['--dns', address]),
	};
}
