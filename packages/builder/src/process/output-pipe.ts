import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The user that a process runs as. */
export interface ProcessUser {
	readonly uid: number;
	readonly gid: number;
}

/** A pipe whose one end a process gets as both its outputs, so that their order is kept. */
export interface OutputPipe {
	/** For the process that is started. */
	readonly writer: number;
	/** The other end; ends when no process holds the writer any more. */
	readonly reader: Socket;
	/** Closes this process's copy of `writer`. */
	closeWriter(): void;
}

/**
 * Makes such a pipe. The runtime's own are sockets, which a recipe cannot open as `/dev/stderr`, and an anonymous
 * one could be opened by the user that made it only: hence one with a name, for a moment.
 */
export async function openOutputPipe(directory: string, owner: ProcessUser | undefined): Promise<OutputPipe> {
	const path = join(directory, `output-${process.hrtime.bigint()}`);
	await promisify(execFile)('mkfifo', ['-m', '0600', '--', path]);
	try {
		if (owner) await chown(path, owner.uid, owner.gid);
		// In this order neither waits for the other.
		const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		const writer = openSync(path, constants.O_WRONLY);
		const reader = new Socket({ fd, readable: true, writable: false });
		return { writer, reader, closeWriter: () => closeSync(writer) };
	} finally {
		await rm(path, { force: true });
	}
}
