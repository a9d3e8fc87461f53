import { execFileSync } from 'node:child_process';
import { chmodSync, createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { busyboxBinary } from './busybox.js';

/** A repository of RPM packages on loopback: a distribution of one package, busybox under a few names. */
export interface RpmRepository {
	readonly port: number;
	/** What `MirrorURL` is to say. */
	readonly url: string;
	close(): Promise<void>;
}

/** What apptainer's `yum` agent asks for by itself (coreutils and a release file), and a shell to build with. */
const SPECIFICATION = `Name: tiny
Version: 1
Release: 1
Summary: A distribution of one package
License: MIT
Provides: coreutils filesystem
AutoReqProv: no
%define _build_id_links none
%define debug_package %{nil}
%define __os_install_post %{nil}
%description
A shell and its tools.
%install
mkdir -p %{buildroot}/bin %{buildroot}/etc %{buildroot}/tmp %{buildroot}/root %{buildroot}/proc %{buildroot}/sys %{buildroot}/dev
cp %{_sourcedir}/busybox %{buildroot}/bin/busybox
for name in sh ls cat echo id test sleep printf mkdir rm stat chmod chown true grep cp ln; do ln -s busybox %{buildroot}/bin/$name; done
echo 'Tiny Linux release 1' > %{buildroot}/etc/redhat-release
%files
%attr(0755,root,root) /bin/*
/etc/redhat-release
%dir /tmp
%dir /root
%dir /proc
%dir /sys
%dir /dev
`;

/** Makes the package by rpmbuild, the repository by createrepo_c, and serves it. */
export async function startRpmRepository(): Promise<RpmRepository> {
	const directory = mkdtempSync(join(tmpdir(), 'rpm-'));
	for (const name of ['SOURCES', 'repository']) mkdirSync(join(directory, name));
	const binary = join(directory, 'SOURCES/busybox');
	writeFileSync(binary, await busyboxBinary());
	chmodSync(binary, 0o755);
	writeFileSync(join(directory, 'tiny.spec'), SPECIFICATION);
	const silent = { stdio: 'pipe' } as const;
	const definitions = [
		`_topdir ${directory}`,
		`_rpmdir ${directory}/repository`,
		`_dbpath ${directory}/db`,
	].flatMap((definition) => ['--define', definition]);
	execFileSync('rpmbuild', ['-bb', '--quiet', ...definitions, join(directory, 'tiny.spec')], silent);
	execFileSync('createrepo_c', ['--quiet', join(directory, 'repository')], silent);

	const server = createServer((request, response) => {
		const path = join(directory, 'repository', normalize(decodeURIComponent(request.url ?? '/')));
		createReadStream(path)
			.on('error', () => response.writeHead(404).end())
			.pipe(response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const port = address !== null && typeof address === 'object' ? address.port : 0;
	return {
		port,
		url: `http://127.0.0.1:${port}/`,
		close: async () => {
			await new Promise((resolve) => server.close(resolve));
			rmSync(directory, { recursive: true, force: true });
		},
	};
}
