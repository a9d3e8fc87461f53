import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { serverListen } from './server-listen.js';

/**
 * Lets a server listen on a unix socket of mode 0600. The socket is made beside its place and linked there when it
 * is closed to others, so that no moment is left in which they could connect; the link also decides between two
 * processes that want the same place. What a dead process left is replaced, a live one's socket is refused.
 * Resolves with what removes the file again.
 */
export async function listenOnSocketFile(server: Server, path: string): Promise<() => Promise<void>> {
	await removeStale(path);
	const beside = join(dirname(path), `.${randomBytes(3).toString('hex')}`);
	await serverListen(server, { path: beside }, path);
	try {
		await chmod(beside, 0o600);
		const { ino } = await lstat(beside);
		await link(beside, path);
		return async () => {
			// By now it may be somebody else's.
			const found = await lstat(path).catch(() => undefined);
			if (found?.ino === ino) await unlink(path).catch(() => {});
		};
	} catch (cause) {
		server.close();
		throw isSystemError(cause, 'EEXIST') ? inUse(path) : cause;
	} finally {
		await unlink(beside).catch(() => {});
	}
}

async function removeStale(path: string): Promise<void> {
	const found = await lstat(path).catch(() => undefined);
	if (found === undefined) return;
	if (!found.isSocket()) {
		throw new ContainerBuilderError('invalid-option', `${path} exists and is not a socket`, {
			hint: 'Choose another path, or remove the file.',
		});
	}
	if (await answers(path)) throw inUse(path);
	const now = await lstat(path).catch(() => undefined);
	if (now?.ino === found.ino) await unlink(path).catch(() => {});
}

/** Whether a process listens: only then the kernel takes the connection, or says that its queue is full. */
function answers(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ path });
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', (error) =>
			resolve(!isSystemError(error, 'ECONNREFUSED') && !isSystemError(error, 'ENOENT')),
		);
	});
}

function inUse(path: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `another process listens on ${path}`, {
		hint: 'Stop it, or choose another path.',
	});
}

function isSystemError(error: unknown, code: string): boolean {
	return error instanceof Error && 'code' in error && error.code === code;
}
