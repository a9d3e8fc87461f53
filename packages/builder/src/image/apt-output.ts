/** Why `apt-get update` failed, as far as its lines tell. */
export type UpdateFailure =
	| { readonly reason: 'expired'; readonly suites: readonly string[]; readonly since: string }
	| { readonly reason: 'unreachable' | 'unsigned' | 'absent' | 'other'; readonly line: string };

const EXPIRED = /Release file for \S+\/dists\/(\S+?)\/(?:In)?Release is expired \(invalid since ([^)]+)\)/g;

const REASONS = [
	[
		'unreachable',
		/could not resolve|temporary failure resolving|could not connect|unable to connect|connection (?:failed|refused|timed out|reset)|cannot initiate the connection|network is unreachable|no route to host|error reading from server|could not handshake|^\s+5\d\d +[A-Z]/i,
	],
	['absent', /^\s+4\d\d +[A-Z]|does not have a Release file|File not found/i],
	['unsigned', /NO_PUBKEY|EXPKEYSIG|REVKEYSIG|BADSIG|is not signed|not signed-by|GPG error|sqv returned/i],
] as const;

/** Reads the lines (language C) that `apt-get update` failed with. */
export function updateFailure(output: string): UpdateFailure {
	const expired = [...output.matchAll(EXPIRED)];
	const first = expired[0];
	if (first !== undefined) {
		const suites = [...new Set(expired.map((match) => match[1] ?? ''))];
		return { reason: 'expired', suites, since: first[2] ?? '' };
	}
	const lines = output.split('\n').filter((line) => /^(?:E|W|Err(?::\d+)?)[: ]|^ {2}\S/.test(line));
	for (const [reason, pattern] of REASONS) {
		const line = lines.find((candidate) => pattern.test(candidate));
		if (line !== undefined) return { reason, line: plain(line) };
	}
	const errors = lines.filter((line) => line.startsWith('E: '));
	return { reason: 'other', line: plain(errors[0] ?? lines[0] ?? output.trim().split('\n').at(-1) ?? '') };
}

function plain(line: string): string {
	return line.replace(/^[EW]: |^Err:\d+ /, '').trim();
}

/** Name to version of all that `apt-get --simulate install` would install. */
export function simulatedPackages(output: string): Record<string, string> {
	const packages: [string, string][] = [];
	for (const match of output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)) {
		packages.push([match[1] ?? '', match[2] ?? '']);
	}
	return sorted(packages);
}

/** Name to version of all that a `/var/lib/dpkg/status` calls installed. */
export function installedPackages(status: string): Record<string, string> {
	const packages: [string, string][] = [];
	for (const stanza of status.split(/\n\n+/)) {
		const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
		const version = /^Version: (\S+)$/m.exec(stanza)?.[1];
		const installed = /^Status: \S+ \S+ installed$/m.test(stanza);
		if (installed && name !== undefined && version !== undefined) packages.push([name, version]);
	}
	return sorted(packages);
}

function sorted(entries: [string, string][]): Record<string, string> {
	return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The lines for another apt's configuration that make it use the same proxies, from `apt-config dump`. */
export function proxyOptions(dump: string): readonly string[] {
	return dump
		.split('\n')
		.filter((line) => /^Acquire::https?::Proxy(?:::\S+)? ".+";$/i.test(line))
		.map((line) => line.replace(/;$/, ''));
}

/**
 * The Debian mirror among the lines of `apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(LABEL)'`, without a
 * slash at its end: a double slash in a URL is refused by some mirrors.
 */
export function mirrorOfTargets(targets: string): string | undefined {
	const rows = targets.split('\n').map((line) => line.split('|'));
	const found = rows.find(
		([url = '', origin, label = '']) => origin === 'Debian' && usableMirror(url) && !/security/i.test(label),
	);
	return found?.[0]?.replace(/\/+$/, '');
}

/** The same from `apt-get --print-uris update`, for a machine that has no package indexes yet. */
export function mirrorOfUris(uris: string): string | undefined {
	const urls = [...uris.matchAll(/^'([^']+?)\/+dists\/[^']+\/InRelease'/gm)].map((match) => match[1] ?? '');
	return urls.find((url) => usableMirror(url) && /\/debian$/.test(url));
}

function usableMirror(url: string): boolean {
	return url !== '' && !url.startsWith('cdrom:') && !/security/i.test(url);
}
