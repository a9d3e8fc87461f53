import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { execa } from 'execa';
import { mirrorOfTargets, mirrorOfUris, proxyOptions } from './apt-output.js';

/** The Debian mirror to use: `given`, checked, or the one that this machine's apt uses. */
export async function debianMirror(
	given: string | undefined,
	signal: AbortSignal | undefined,
): Promise<string> {
	if (given !== undefined) return checkedMirror(given);
	const targets = ['indextargets', '--format', '$(REPO_URI)|$(ORIGIN)|$(LABEL)', 'Created-By: Packages'];
	const mirror =
		mirrorOfTargets(await said('apt-get', targets, signal)) ??
		mirrorOfUris(await said('apt-get', ['--print-uris', 'update'], signal));
	if (mirror === undefined) {
		throw new ContainerBuilderError('builder-image', "this machine's apt uses no Debian mirror", {
			hint: 'Name one with --mirror URL.',
		});
	}
	return mirror;
}

function checkedMirror(mirror: string): string {
	const usable = URL.canParse(mirror) && /^(?:https?|file):$/.test(new URL(mirror).protocol);
	if (!usable || /[\s[\]]/.test(mirror)) {
		throw new ContainerBuilderError('invalid-option', `the mirror ${JSON.stringify(mirror)} is not a URL`, {
			hint: 'Name a Debian mirror as http://HOST/debian.',
		});
	}
	return mirror.replace(/\/+$/, '');
}

/** A mirror's URL for messages: without user and password. */
export function shownMirror(mirror: string): string {
	return mirror.replace(/\/\/[^/@]*@/, '//');
}

/** What this machine's apt says of proxies, as options for another apt. */
export async function machineProxyOptions(signal: AbortSignal | undefined): Promise<readonly string[]> {
	return proxyOptions(await said('apt-config', ['dump'], signal));
}

/** What a program writes to its standard output, whether it fails or not. */
async function said(
	program: string,
	programArguments: readonly string[],
	signal: AbortSignal | undefined,
): Promise<string> {
	const { stdout } = await execa(program, programArguments, {
		reject: false,
		stdin: 'ignore',
		...(signal === undefined ? {} : { cancelSignal: signal }),
	});
	throwIfAborted(signal);
	return stdout ?? '';
}
