import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownPrefixes, parseResolver } from '../../src/host/host-network.js';
import { checkAllowed, networkRules } from '../../src/host/network-rules.js';

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim());
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const prefix = fc.oneof(
	address,
	fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`),
	fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([ip, length]) => `${ip}/${length}`),
);
/** IPv6 by its shortest notation. */
const plain = (text: string): string => {
	const [ip = '', ...length] = text.split('/');
	return [ip.includes(':') ? new URL(`http://[${ip}]/`).hostname.slice(1, -1) : ip, ...length].join('/');
};
const allowed = fc.record(
	{
		address,
		port: fc.integer({ min: 1, max: 65_535 }),
		protocol: fc.constantFrom('tcp' as const, 'udp' as const),
	},
	{ requiredKeys: ['address'] },
);

describe('the rules of an isolated network', () => {
	test('deny what is never outside, and what is this host’s own', () => {
		const rules = lines(networkRules({ own: ['203.0.113.0/24', '2001:db8::1'], nameservers: [], allow: [] }));
		for (const denied of ['10.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16', '203.0.113.0/24']) {
			expect(rules).toContain(`ip daddr ${denied} counter reject with icmp type admin-prohibited`);
		}
		for (const denied of ['fe80::/10', 'fc00::/7', '2001:db8::1']) {
			expect(rules).toContain(`ip6 daddr ${denied} counter reject with icmpv6 type admin-prohibited`);
		}
	});

	test('let nameservers and allowed destinations pass, in this order, before anything is denied', () => {
		const rules = lines(
			networkRules({
				own: [],
				nameservers: ['10.0.0.53', 'fd00::53'],
				allow: [
					{ address: '10.1.1.1', port: 443, protocol: 'tcp' },
					{ cidr: '10.2.0.0/16' },
					{ cidr: 'fd01::/64', port: 53 },
					{ address: '10.3.3.3', protocol: 'udp' },
				],
			}),
		);
		const accepted = rules.filter((rule) => /daddr.*accept$/.test(rule));
		expect(accepted).toEqual([
			'ip daddr 10.0.0.53 meta l4proto { tcp, udp } th dport 53 accept',
			'ip6 daddr fd00::53 meta l4proto { tcp, udp } th dport 53 accept',
			'ip daddr 10.1.1.1 meta l4proto tcp th dport 443 accept',
			'ip daddr 10.2.0.0/16 accept',
			'ip6 daddr fd01::/64 meta l4proto { tcp, udp } th dport 53 accept',
			'ip daddr 10.3.3.3 meta l4proto udp accept',
		]);
		const firstDenied = rules.findIndex((rule) => rule.includes('reject'));
		expect(rules.findLastIndex((rule) => rule.endsWith('accept'))).toBeLessThan(firstDenied);
	});

	test('are a line for each, whatever the host: an accept for each exception, a rejection for each prefix', () => {
		fc.assert(
			fc.property(fc.array(prefix), fc.array(address), fc.array(allowed), (own, nameservers, allow) => {
				const rules = lines(networkRules({ own, nameservers, allow }));
				const destinations = rules.filter((rule) => rule.includes(' daddr '));
				const accepts = destinations.filter((rule) => rule.endsWith(' accept'));
				expect(accepts).toHaveLength(nameservers.length + allow.length);
				for (const denied of own) {
					const family = denied.includes(':') ? 'ip6' : 'ip';
					expect(
						destinations.some((rule) => rule.startsWith(`${family} daddr ${plain(denied)} counter reject`)),
					).toBe(true);
				}
				for (const rule of destinations) {
					expect(rule).toMatch(/^ip6? daddr [0-9a-f.:/]+ [a-z0-9{}, -]+$/);
				}
			}),
		);
	});

	test('take nothing but addresses and numbers: everything else is a TypeError', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				fc.pre(!/^[0-9a-f.:]+(\/\d+)?$/i.test(text));
				expect(() => checkAllowed({ address: text })).toThrow(TypeError);
				expect(() => checkAllowed({ cidr: text })).toThrow(TypeError);
			}),
		);
		for (const allow of [
			{},
			{ address: '10.0.0.1', cidr: '10.0.0.0/8' },
			{ address: '10.0.0.0/8' },
			{ cidr: '10.0.0.0/33' },
			{ cidr: 'fe80::1%eth0' },
			{ address: '10.0.0.1', port: 0 },
			{ address: '10.0.0.1', port: 1.5 },
			{ address: '10.0.0.1\n accept' },
			{ address: '10.0.0.1', protocol: 'tcp accept' as 'tcp' },
		]) {
			expect(() => checkAllowed(allow), JSON.stringify(allow)).toThrow(TypeError);
		}
	});

	test.skipIf(!hasNft())('are what nft understands', () => {
		const sample = fc.sample(fc.tuple(fc.array(prefix), fc.array(address), fc.array(allowed)), {
			numRuns: 20,
			seed: 7,
		});
		for (const [own, nameservers, allow] of sample) {
			const input = networkRules({ own, nameservers, allow });
			execFileSync('unshare', ['--net', 'nft', '--check', '--file', '-'], { input });
		}
		expect(sample).toHaveLength(20);
	});
});

describe('this host’s networks', () => {
	test('are its addresses, and what it reaches without a gateway', () => {
		const addresses = [
			{ ifname: 'lo', addr_info: [{ local: '127.0.0.1' }, { local: '::1' }] },
			{ ifname: 'docker0', operstate: 'DOWN', addr_info: [{ local: '172.17.0.1', prefixlen: 16 }] },
			{ ifname: 'none' },
		];
		const routes = [
			{ dst: 'default', gateway: '192.0.2.1', dev: 'eth0' },
			{ dst: '192.0.2.0/24', dev: 'eth0', scope: 'link' },
			{ dst: '198.51.100.0/24', gateway: '192.0.2.9', dev: 'eth0' },
			{ dst: '198.18.0.0/24', via: { family: 'inet6', host: 'fe80::1' } },
			{ type: 'local', dst: '203.0.113.0/28', table: 'local' },
			{ dst: '2001:db8::/64', dev: 'eth0' },
			{ dst: '10.9.0.0/16', nexthops: [{ gateway: '192.0.2.1' }, { gateway: '192.0.2.2' }] },
			{ dst: '10.8.0.0/16', nexthops: [{ gateway: '192.0.2.1' }, { dev: 'eth1' }] },
			{ dst: 'default', dev: 'ppp0', scope: 'link' },
		];
		expect(ownPrefixes(addresses, routes)).toEqual(
			[
				'10.8.0.0/16',
				'127.0.0.1',
				'172.17.0.1',
				'192.0.2.0/24',
				'2001:db8::/64',
				'203.0.113.0/28',
				'::1',
			].sort(),
		);
		expect(ownPrefixes([null, 'x'], [7, { dst: 'nonsense; accept' }])).toEqual([]);
	});

	test('have nameservers, those on loopback apart', () => {
		expect(
			parseResolver('# a comment\nnameserver 10.0.0.53\nnameserver ::1\nsearch a.test\noptions ndots:2\n'),
		).toEqual({
			nameservers: ['10.0.0.53'],
			resolverOptions: ['search a.test', 'options ndots:2'],
			loopbackOnly: false,
		});
		expect(parseResolver('nameserver 127.0.0.53\n')).toMatchObject({ nameservers: [], loopbackOnly: true });
		expect(parseResolver('nameserver fe80::1%eth0\nnameserver x; accept\n')).toMatchObject({
			nameservers: [],
		});
		expect(parseResolver('')).toEqual({ nameservers: [], resolverOptions: [], loopbackOnly: false });
	});
});

function hasNft(): boolean {
	if (process.getuid?.() !== 0) return false;
	try {
		execFileSync('nft', ['--version'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}
