import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { ContainerBuilderError } from '../spec/index.js';
import { systemEnvironment } from './system-environment.js';

/** There are machines with many routes. */
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** This machine's own place in its networks. */
export interface HostNetwork {
	/** Its addresses, and every prefix that it reaches without a gateway. */
	readonly own: readonly string[];
	/** Nameservers that a builder can ask. */
	readonly nameservers: readonly string[];
	/** The resolver's configuration without its nameservers. */
	readonly resolverOptions: readonly string[];
	/** There are nameservers, but all of them listen on loopback. */
	readonly loopbackOnly: boolean;
}

/** Reads it, anew for each builder. */
export async function readHostNetwork(): Promise<HostNetwork> {
	const [addresses, routes4, routes6, resolver] = await Promise.all([
		ip(['address', 'show']),
		ip(['-4', 'route', 'show', 'table', 'all']),
		ip(['-6', 'route', 'show', 'table', 'all']),
		readResolver(),
	]);
	return { own: ownPrefixes(addresses, [routes4, routes6].flat()), ...resolver };
}

async function ip(args: readonly string[]): Promise<readonly unknown[]> {
	try {
		const { stdout } = await promisify(execFile)('ip', ['-json', ...args], {
			env: systemEnvironment(),
			maxBuffer: MAX_OUTPUT_BYTES,
		});
		const value: unknown = stdout.trim() === '' ? [] : JSON.parse(stdout);
		return Array.isArray(value) ? value : [];
	} catch (cause) {
		throw new ContainerBuilderError(
			'provider-unavailable',
			'the networks of this machine cannot be read by ip, so none can be denied to a builder',
			{ cause, outcome: 'none' },
		);
	}
}

/** From the output of `ip -json address` and `ip -json route show table all`. */
export function ownPrefixes(addresses: readonly unknown[], routes: readonly unknown[]): readonly string[] {
	const found = new Set<string>();
	for (const link of addresses) {
		for (const info of arrayAt(link, 'addr_info')) addPrefix(found, textAt(info, 'local'));
	}
	for (const route of routes) {
		const hops = arrayAt(route, 'nexthops');
		if (hops.length > 0 ? hops.every(hasGateway) : hasGateway(route)) continue;
		addPrefix(found, textAt(route, 'dst'));
	}
	return [...found].sort();
}

function hasGateway(hop: unknown): boolean {
	return textAt(hop, 'gateway') !== undefined || valueAt(hop, 'via') !== undefined;
}

function addPrefix(found: Set<string>, text: string | undefined): void {
	if (text !== undefined && isPrefix(text)) found.add(text);
}

/** An address, or an address and the length of a prefix. */
export function isPrefix(text: string): boolean {
	const [address = '', length, ...rest] = text.split('/');
	const family = isIP(address);
	if (family === 0 || rest.length > 0 || address.includes('%')) return false;
	return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

async function readResolver(): Promise<Omit<HostNetwork, 'own'>> {
	const main = parseResolver(await read('/etc/resolv.conf'));
	if (main.nameservers.length > 0 || !main.loopbackOnly) return main;
	// systemd-resolved listens on loopback and keeps those that it asks itself here.
	const upstream = parseResolver(await read('/run/systemd/resolve/resolv.conf'));
	return upstream.nameservers.length > 0 ? upstream : main;
}

/** Reads a `resolv.conf`; nameservers on loopback are left out. */
export function parseResolver(text: string): Omit<HostNetwork, 'own'> {
	const lines = text.split('\n').map((line) => line.trim());
	const all = lines.flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
	const nameservers = all.filter(
		(address) => isIP(address) !== 0 && !isLoopback(address) && !address.includes('%'),
	);
	return {
		nameservers,
		resolverOptions: lines.filter((line) => /^(search|domain|options)\s/.test(line)),
		loopbackOnly: all.length > 0 && nameservers.length === 0,
	};
}

function isLoopback(address: string): boolean {
	return /^127\./.test(address) || /^(::1|::ffff:127\.)/i.test(address);
}

function read(path: string): Promise<string> {
	return readFile(path, 'utf8').catch(() => '');
}

function valueAt(value: unknown, key: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string | undefined {
	const found = valueAt(value, key);
	return typeof found === 'string' ? found : undefined;
}

function arrayAt(value: unknown, key: string): readonly unknown[] {
	const found = valueAt(value, key);
	return Array.isArray(found) ? found : [];
}
