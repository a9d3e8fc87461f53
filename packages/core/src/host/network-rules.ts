import { isIP } from 'node:net';
import type { AllowedDestination } from './allowed-destination.js';
import { isPrefix } from './host-network.js';

/** Ranges that are nobody's on the outside: private, link-local, loopback, shared, multicast, and ways into IPv4. */
const NEVER_OUTSIDE = [
	'0.0.0.0/8',
	'10.0.0.0/8',
	'100.64.0.0/10',
	'127.0.0.0/8',
	'169.254.0.0/16',
	'172.16.0.0/12',
	'192.0.0.0/24',
	'192.168.0.0/16',
	'198.18.0.0/15',
	'224.0.0.0/3',
	'::/96',
	'::ffff:0:0/96',
	'64:ff9b::/96',
	'64:ff9b:1::/48',
	'2001::/32',
	'2002::/16',
	'fc00::/7',
	'fe80::/10',
	'fec0::/10',
	'ff00::/8',
] as const;

/** What the rules are made of. */
export interface NetworkRulesInput {
	/** This machine's addresses and on-link prefixes. */
	readonly own: readonly string[];
	/** May be asked on port 53, wherever they are. */
	readonly nameservers: readonly string[];
	readonly allow: readonly AllowedDestination[];
}

/**
 * The filter of an isolated network, for `nft -f`: one chain for what goes out. nft wants each statement on a line of
 * its own. Throws a `TypeError` for a destination that is none: nothing but addresses and numbers gets into the text.
 */
export function networkRules(input: NetworkRulesInput): string {
	const denied = [...new Set([...NEVER_OUTSIDE, ...input.own])];
	const rules = [
		'oifname "lo" accept',
		'ct state established,related accept',
		'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept',
		...input.nameservers.map(
			(address) => `${destination(address)} meta l4proto { tcp, udp } th dport 53 accept`,
		),
		...input.allow.map(allowRule),
		...denied.map((prefix) => `${destination(prefix)} counter reject with ${rejection(prefix)}`),
	];
	return [
		'table inet container_builder {',
		'\tchain out {',
		'\t\ttype filter hook output priority 0; policy accept;',
		...rules.map((rule) => `\t\t${rule}`),
		'\t}',
		'}',
		'',
	].join('\n');
}

/** Throws a `TypeError` where it names no destination, or two. */
export function checkAllowed(allowed: AllowedDestination): void {
	allowRule(allowed);
}

function allowRule(allowed: AllowedDestination): string {
	const { address, cidr, port, protocol } = allowed;
	const to = address ?? cidr;
	if (to === undefined || (address !== undefined && cidr !== undefined)) {
		throw new TypeError('an allowed destination has an address or a cidr, one of the two');
	}
	if (address !== undefined && isIP(address) === 0) {
		throw new TypeError(`'${address}' is not an IP address; a name is not enough`);
	}
	if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp') {
		throw new TypeError(`'${String(protocol)}' is neither tcp nor udp`);
	}
	if (port !== undefined && !isPort(port)) throw new TypeError(`${String(port)} is not a port`);
	const protocols = protocol ?? (port === undefined ? undefined : '{ tcp, udp }');
	return [
		destination(to),
		...(protocols === undefined ? [] : [`meta l4proto ${protocols}`]),
		...(port === undefined ? [] : [`th dport ${port}`]),
		'accept',
	].join(' ');
}

/** Whether a number is a port. */
export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function destination(prefix: string): string {
	if (!isPrefix(prefix)) throw new TypeError(`'${prefix}' is neither an IP address nor a range of them`);
	return prefix.includes(':') ? `ip6 daddr ${plainPrefix(prefix)}` : `ip daddr ${prefix}`;
}

/** nft does not know the notation that ends with an IPv4 address. */
function plainPrefix(prefix: string): string {
	const [address, ...length] = prefix.split('/');
	return [new URL(`http://[${address}]/`).hostname.slice(1, -1), ...length].join('/');
}

function rejection(prefix: string): string {
	return prefix.includes(':') ? 'icmpv6 type admin-prohibited' : 'icmp type admin-prohibited';
}
