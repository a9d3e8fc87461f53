import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import {
	type BackendOptions,
	type BackendResult,
	ContainerBuilderError,
	deferred,
	type TerminalSize,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { openOutputPipe, type ProcessUser } from './output-pipe.js';
import { ProcessFamily } from './process-family.js';
import { Terminal } from './terminal.js';

/** How long output may still come once all processes are dead. */
const DRAIN_LIMIT_MS = 5_000;

/** A program to run as a build's backend. */
export interface ProcessRequest {
	readonly command: readonly [string, ...string[]];
	readonly directory: string;
	/** All of it: nothing of this process's own environment is added. */
	readonly environment: Readonly<Record<string, string>>;
	/** @default this process's own */
	readonly user?: ProcessUser | undefined;
	/** Users that run nothing but this build: all their processes are its own. */
	readonly ownUsers?: ReadonlySet<number> | undefined;
	readonly terminal?: TerminalSize | undefined;
	/** Where the process's user can write. */
	readonly scratchDirectory: string;
	/** Milliseconds between SIGTERM and SIGKILL. */
	readonly graceMs: number;
}

/**
 * Runs a program in a session of its own, its two outputs on one pipe, nothing on its input. Resolves when it has
 * ended, everything that it had started is killed, and all output was delivered. Rejects with `backend-failed`
 * where it cannot be started.
 */
export async function runProcess(request: ProcessRequest, options: BackendOptions): Promise<BackendResult> {
	throwIfAborted(options.signal);
	const { scratchDirectory, user, graceMs } = request;
	const terminal =
		request.terminal && new Terminal(request.command, request.terminal, request.scratchDirectory);
	const mark = `CONTAINER_BUILDER_PROCESS=${randomUUID()}`;
	const pipe = await openOutputPipe(scratchDirectory, user);
	let child: ChildProcess;
	try {
		child = await start(terminal?.command ?? request.command, request, mark, pipe.writer);
	} catch (error) {
		pipe.reader.destroy();
		throw error;
	} finally {
		pipe.closeWriter();
	}
	// A process that was started has an id.
	const leader = child.pid as number;
	const ended = exit(child);
	const family = new ProcessFamily({
		leader,
		environment: mark,
		ownUsers: request.ownUsers ?? new Set(),
	});
	const addTerminal = async (): Promise<void> => {
		const session = await terminal?.session();
		if (session !== undefined) family.addSession(session);
	};

	let graceTimer: NodeJS.Timeout | undefined;
	let drainTimer: NodeJS.Timeout | undefined;
	const kill = (): void => {
		addTerminal()
			.then(() => family.kill())
			.catch(() => {});
	};
	const terminate = (): void => {
		graceTimer ??= setTimeout(kill, graceMs);
		// `script` hangs up the terminal when it is asked to end, before the rest could say its last words.
		addTerminal()
			.then(() => family.signal('SIGTERM', terminal && leader))
			.catch(kill);
	};
	const release = listen(options.signal, terminate, options.kill, kill);
	options.onResize?.((size) => void terminal?.resize(size));
	try {
		options.onStart(request.command);
		const delivered = deliver(pipe.reader, options.onOutput);
		delivered.catch(kill);
		const { exitCode, signal } = await ended;
		await addTerminal();
		await family.kill();
		// Whoever has escaped all the same must not hold the build up.
		drainTimer = setTimeout(() => pipe.reader.destroy(), DRAIN_LIMIT_MS);
		await delivered;
		return terminal ? Terminal.result(exitCode, signal) : { exitCode, signal };
	} finally {
		release();
		clearTimeout(graceTimer);
		clearTimeout(drainTimer);
		child.stdin?.destroy();
		pipe.reader.destroy();
	}
}

/** Resolves when the last process that could write has let go of the pipe, or the reader was destroyed. */
async function deliver(reader: Socket, onOutput: BackendOptions['onOutput']): Promise<void> {
	try {
		for await (const chunk of reader) await onOutput(chunk as Uint8Array);
	} catch (error) {
		if (!reader.destroyed || reader.errored) throw error;
	}
}

async function start(
	command: readonly [string, ...string[]],
	{ directory, environment, user, terminal }: ProcessRequest,
	mark: string,
	output: number,
): Promise<ChildProcess> {
	const [program, ...words] = command;
	const [name, value] = mark.split('=') as [string, string];
	const child = spawn(program, words, {
		cwd: directory,
		env: { ...environment, [name]: value, ...(terminal ? { SHELL: '/bin/sh' } : {}) },
		// What `script` reads goes to the terminal: a pipe that stays open and silent.
		stdio: [terminal ? 'pipe' : 'ignore', output, output],
		detached: true,
		...(user ? { uid: user.uid, gid: user.gid } : {}),
	});
	const started = deferred();
	child.once('spawn', () => started.resolve());
	child.once('error', (cause) =>
		started.reject(
			new ContainerBuilderError('backend-failed', `${program} cannot be started: ${cause.message}`, {
				cause,
			}),
		),
	);
	await started.promise;
	child.on('error', () => {});
	return child;
}

function exit(child: ChildProcess): Promise<BackendResult> {
	return new Promise((resolve) => {
		child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
	});
}

/** Calls back for the two signals, also where they were aborted before; returns what stops it. */
function listen(
	gentle: AbortSignal | undefined,
	onGentle: () => void,
	hard: AbortSignal | undefined,
	onHard: () => void,
): () => void {
	gentle?.addEventListener('abort', onGentle, { once: true });
	hard?.addEventListener('abort', onHard, { once: true });
	if (gentle?.aborted) onGentle();
	if (hard?.aborted) onHard();
	return () => {
		gentle?.removeEventListener('abort', onGentle);
		hard?.removeEventListener('abort', onHard);
	};
}
