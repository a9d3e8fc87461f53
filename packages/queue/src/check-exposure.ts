import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerBuilderError, type MachineLimits } from '@olcf/container-builder-core';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import type { ProviderEntry } from './provider-factories.js';

/** What a stranger's build could use up. */
const NEEDED_LIMITS = {
	memoryBytes: 'memory',
	diskBytes: 'disk',
	processes: 'processes',
} as const satisfies Partial<Record<keyof MachineLimits, string>>;

/**
 * Refuses, with `invalid-configuration`, to let more people in than the configuration can answer for: anybody on a
 * network without credentials, other hosts on builders whose limits this machine cannot enforce, other users of
 * this machine on a socket that they get to.
 */
export async function checkExposure(
	configuration: Pick<QueueConfiguration, 'listen' | 'authentication' | 'insecure' | 'allowUnenforcedLimits'>,
	provider: Pick<ProviderEntry, 'inspectHost'>,
): Promise<void> {
	const { listen, insecure, authentication = {} } = configuration;
	const asks = Object.values(authentication).some((one) => one !== undefined);
	const open = listen.find((url) => !isSocket(url));
	if (open !== undefined && !insecure && !asks) {
		throw refused(
			`everybody who reaches ${open} could use this queue, since it asks for no credentials`,
			'Say by authentication how it is to know its users, listen on ws+unix:///PATH only, or allow it with insecure: true.',
		);
	}
	const plain = listen.find((url) => url.startsWith('ws:') && !isLoopback(url));
	if (plain !== undefined && !insecure) {
		throw refused(
			`${plain} is not encrypted: everybody on the way could read the credentials of its users`,
			'Listen on wss:, or allow it with insecure: true.',
		);
	}
	const remote = listen.find((url) => !isSocket(url) && !isLoopback(url));
	if (remote !== undefined && !configuration.allowUnenforcedLimits && provider.inspectHost !== undefined) {
		const { limits } = await provider.inspectHost();
		const missing = Object.entries(NEEDED_LIMITS).filter(([limit]) => !limits.some((one) => one === limit));
		if (missing.length > 0) {
			throw refused(
				`builds of other hosts (${remote}) could use up this machine: it cannot limit ${missing.map(([, word]) => word).join(', ')}`,
				'cb-doctor tells what mends it. Or listen on this machine only, or allow it with allowUnenforcedLimits: true.',
			);
		}
	}
	for (const url of listen) if (isSocket(url)) await checkSocketDirectory(url, insecure);
}

/** Makes the directories of sockets that are missing, for this user alone. */
export async function makeSocketDirectories(listen: QueueConfiguration['listen']): Promise<void> {
	for (const url of listen) {
		if (!isSocket(url)) continue;
		const directory = socketDirectory(url);
		await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
			const { message } = ContainerBuilderError.from(cause);
			throw refused(`${directory} cannot be made: ${message}`, 'Choose another path for the socket.');
		});
	}
}

async function checkSocketDirectory(url: string, insecure: boolean): Promise<void> {
	const directory = socketDirectory(url);
	const found = await lstat(directory).catch(() => undefined);
	if (found === undefined || insecure) return;
	if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
	throw refused(
		`who gets into ${directory} could use this queue, since it asks for no credentials`,
		`Make it yours alone: chmod 700 ${directory}. Or choose another path for the socket.`,
	);
}

function socketDirectory(url: string): string {
	return dirname(fileURLToPath(url.replace(/^ws\+unix:/, 'file:')));
}

function isSocket(url: string): boolean {
	return url.startsWith('ws+unix:');
}

function isLoopback(url: string): boolean {
	return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}

function refused(message: string, hint: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-configuration', message, { hint });
}
