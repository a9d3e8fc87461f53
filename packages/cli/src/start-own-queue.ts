import { spawn } from 'node:child_process';
import { lstat, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { ownQueueAddress, ownQueueDirectory, ownQueueOwner } from './own-queue.js';
import { packageFile } from './package-file.js';
import type { QueueAddress } from './queue-address.js';

const START_MS = 30_000;
const LOOK_MS = 50;
/** How long it stays when nobody waits or builds any more. */
const IDLE = '10m';

/**
 * The user's own queue of this machine, with sandboxes as its builders: started in the background where it does not
 * run. It ends by itself when it is idle. Rejects with `queue-unreachable` where it cannot be started.
 */
export async function startOwnQueue(
	environment: NodeJS.ProcessEnv,
	{ signal }: { readonly signal: AbortSignal },
): Promise<QueueAddress> {
	const directory = ownQueueDirectory(environment);
	const address = ownQueueAddress(directory);
	const socket = join(directory, 'queue.sock');
	if (await answers(socket)) return address;
	await makePrivate(directory);
	const log = join(directory, 'queue.log');
	const isOver = await launch(directory, log, environment);
	for (let waitedMs = 0; waitedMs < START_MS; waitedMs += LOOK_MS) {
		if (await answers(socket)) return address;
		if (isOver()) break;
		await sleep(LOOK_MS, undefined, { signal });
	}
	throw new ContainerBuilderError(
		'queue-unreachable',
		`your own queue did not start: ${await lastLine(log)}`,
		{
			hint: `Its log is ${log}; cb-doctor tells what stops builds on this machine.`,
		},
	);
}

/** Starts it in a session of its own: no terminal takes it along. Returns what tells whether it has ended. */
async function launch(
	directory: string,
	log: string,
	environment: NodeJS.ProcessEnv,
): Promise<() => boolean> {
	const configuration = join(directory, 'queue.yaml');
	const { local } = await import('@olcf/container-builder-provider-local');
	const emulate = local().capabilities.emulates?.join(', ') ?? '';
	const lines = [
		`owner: ${ownQueueOwner()}`,
		`listen: ['ws+unix://${join(directory, 'queue.sock')}']`,
		`pool: { max: 4, emulate: [${emulate}], provider: { kind: local } }`,
		`shutdown: { whenIdle: ${IDLE} }`,
	];
	await writeFile(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });
	const output = await open(log, 'w', 0o600);
	try {
		const child = spawn(process.execPath, [packageFile('bin/cb-queue.js'), '--config', configuration], {
			cwd: '/',
			env: environment,
			stdio: ['ignore', 'ignore', output.fd],
			detached: true,
		});
		let isOver = false;
		child.once('error', () => {
			isOver = true;
		});
		child.once('exit', () => {
			isOver = true;
		});
		child.unref();
		return () => isOver;
	} finally {
		await output.close();
	}
}

/** Rejects a directory that others get into: who does could build as this user. */
async function makePrivate(directory: string): Promise<void> {
	await mkdir(directory, { recursive: true, mode: 0o700 });
	const found = await lstat(directory);
	if (found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o077) === 0) return;
	throw new ContainerBuilderError('invalid-option', `${directory} is not yours alone`, {
		hint: `Remove it, or chmod 700 ${directory}; or name a queue by --queue.`,
	});
}

function answers(socket: string): Promise<boolean> {
	return new Promise((resolve) => {
		const connection = connect(socket);
		connection.once('connect', () => {
			connection.destroy();
			resolve(true);
		});
		connection.once('error', () => resolve(false));
	});
}

async function lastLine(log: string): Promise<string> {
	const text = await readFile(log, 'utf8').catch(() => '');
	return text.trim().split('\n').at(-1) ?? '';
}
