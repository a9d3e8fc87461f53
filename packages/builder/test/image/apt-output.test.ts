import { describe, expect, it } from 'vitest';
import {
	installedPackages,
	mirrorOfTargets,
	mirrorOfUris,
	proxyOptions,
	simulatedPackages,
	updateFailure,
} from '../../src/image/apt-output.js';

// All as apt 2.6 wrote it, with the names of hosts replaced.
const EXPIRED = `Get:1 http://mirror.example/debian trixie InRelease [140 kB]
Get:2 http://mirror.example/debian sid InRelease [193 kB]
Get:3 http://mirror.example/debian trixie/main amd64 Packages [9679 kB]
Reading package lists...
E: Release file for http://mirror.example/debian/dists/sid/InRelease is expired (invalid since 17d 12h 29min 38s). Updates for this repository will not be applied.
`;
const REFUSED = `Err:1 http://127.0.0.1:9/debian trixie InRelease
  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
Reading package lists...
E: Failed to fetch http://127.0.0.1:9/debian/dists/trixie/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
E: Some index files failed to download. They have been ignored, or old ones used instead.
`;
const UNRESOLVED = `Err:1 http://nosuchhost.invalid/debian trixie InRelease
  Could not resolve 'nosuchhost.invalid'
Reading package lists...
E: Failed to fetch http://nosuchhost.invalid/debian/dists/trixie/InRelease  Could not resolve 'nosuchhost.invalid'
E: Some index files failed to download. They have been ignored, or old ones used instead.
`;
const NOT_A_MIRROR = `Err:1 http://mirror.example/nosuch trixie InRelease
  400  Bad Request [IP: 192.0.2.1 80]
Reading package lists...
E: Failed to fetch http://mirror.example/nosuch/dists/trixie/InRelease  400  Bad Request [IP: 192.0.2.1 80]
E: The repository 'http://mirror.example/nosuch trixie InRelease' is not signed.
`;
const NO_FILES = `Get:1 file:/nosuch trixie InRelease
Ign:1 file:/nosuch trixie InRelease
Get:2 file:/nosuch trixie Release
Err:2 file:/nosuch trixie Release
  File not found - /nosuch/dists/trixie/Release (2: No such file or directory)
Reading package lists...
E: The repository 'file:/nosuch trixie Release' does not have a Release file.
`;
const UNKNOWN_KEY = `Get:1 http://mirror.example/debian trixie InRelease [140 kB]
Err:1 http://mirror.example/debian trixie InRelease
  The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131 NO_PUBKEY 78DBA3BC47EF2265 NO_PUBKEY 762F67A0B2C39DE4
Reading package lists...
W: GPG error: http://mirror.example/debian trixie InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131 NO_PUBKEY 78DBA3BC47EF2265 NO_PUBKEY 762F67A0B2C39DE4
E: The repository 'http://mirror.example/debian trixie InRelease' is not signed.
`;

describe('updateFailure', () => {
	it('recognises an index past its date, with the suite and since when', () => {
		expect(updateFailure(EXPIRED)).toEqual({
			reason: 'expired',
			suites: ['sid'],
			since: '17d 12h 29min 38s',
		});
	});

	it.each([
		['a refused connection', REFUSED, 'unreachable', /Connection refused/],
		['a name that does not resolve', UNRESOLVED, 'unreachable', /^Could not resolve 'nosuchhost.invalid'$/],
		['a server without the suite', NOT_A_MIRROR, 'absent', /^400 {2}Bad Request/],
		['a directory without the suite', NO_FILES, 'absent', /File not found|does not have a Release file/],
		['a key that is not in the keyring', UNKNOWN_KEY, 'unsigned', /NO_PUBKEY/],
		['anything else', 'E: Something new\n', 'other', /^Something new$/],
		['silence', '', 'other', /^$/],
	])('recognises %s', (_name, output, reason, line) => {
		expect(updateFailure(output)).toEqual({ reason, line: expect.stringMatching(line) });
	});
});

describe('packages', () => {
	it('reads what apt would install, also over an older version', () => {
		const output = `NOTE: This is only a simulation!
Inst libc6 (2.41-12+deb13u5 Debian:13.8/stable [amd64]) []
Inst apptainer (1.4.5-2 Debian:unstable [amd64])
Inst base-files [12.4] (13.8+deb13u8 Debian:13.8/stable [amd64])
Inst local (1:1.0 local-deb [amd64])
Conf libc6 (2.41-12+deb13u5 Debian:13.8/stable [amd64])
`;
		expect(simulatedPackages(output)).toEqual({
			apptainer: '1.4.5-2',
			'base-files': '13.8+deb13u8',
			libc6: '2.41-12+deb13u5',
			local: '1:1.0',
		});
	});

	it('reads what dpkg calls installed, sorted by name', () => {
		const status = `Package: zstd
Status: install ok installed
Version: 1.5.7+dfsg-1
Description: fast lossless compression
 Version: of a description

Package: gone
Status: deinstall ok config-files
Version: 1

Package: adduser
Status: install ok installed
Version: 3.152
`;
		expect(Object.entries(installedPackages(status))).toEqual([
			['adduser', '3.152'],
			['zstd', '1.5.7+dfsg-1'],
		]);
	});
});

describe('the mirror of this machine', () => {
	it.each([
		[
			'the first that is Debian and not security, without its slash',
			`http://other.example/apt/|Other|Other
http://mirror.example/debian-security/|Debian|Debian-Security
http://mirror.example/debian/|Debian|Debian
http://second.example/debian/|Debian|Debian`,
			'http://mirror.example/debian',
		],
		['no medium', 'cdrom://Debian/|Debian|Debian', undefined],
		['none where apt has no indexes', '', undefined],
		['none of another distribution', 'http://mirror.example/ubuntu/|Ubuntu|Ubuntu', undefined],
	])('by origin: %s', (_name, targets, mirror) => {
		expect(mirrorOfTargets(targets)).toBe(mirror);
	});

	it('by address, where apt has no indexes yet', () => {
		const uris = `'http://other.example/apt/dists/stable/InRelease' other.example_apt_dists_stable_InRelease 0 
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror.example_debian-security_InRelease 0 
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_Packages 0 
`;
		expect(mirrorOfUris(uris)).toBe('http://mirror.example/debian');
		expect(mirrorOfUris('')).toBeUndefined();
	});
});

it('takes over proxies and nothing else of the configuration', () => {
	const dump = `Acquire "";
Acquire::Check-Valid-Until "false";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::Proxy::mirror.example "DIRECT";
Acquire::http::Proxy-Auto-Detect "/usr/local/bin/proxy";
Acquire::https::Proxy "";
`;
	expect(proxyOptions(dump)).toEqual([
		'Acquire::http::Proxy "http://proxy.example:3128"',
		'Acquire::https::Proxy::mirror.example "DIRECT"',
	]);
});
