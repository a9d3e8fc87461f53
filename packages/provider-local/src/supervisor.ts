import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ContainerBuilderError, canceledError, throwIfAborted } from '@olcf/container-builder-core';
import { systemEnvironment } from '@olcf/container-builder-core/host';
import type { MachineMeta } from './machine-meta.js';
import { scriptsDirectory } from './scripts-directory.js';

/** A machine to be made, in the words of `scripts/supervisor.sh`. */
export interface SupervisedMachine {
	readonly meta: MachineMeta;
	readonly bootstrap: Uint8Array;
	/** The machine's directory; the supervisor makes it. */
	readonly directory: string;
	/** Which script defines how it is started. */
	readonly kind: 'sandbox' | 'host';
	readonly lifetimeMs: number;
	/** Lines of what is made for it: control groups, a disk. */
	readonly resources: readonly string[];
	/** Further variables of the scripts. */
	readonly variables: Readonly<Record<string, string>>;
	/** The first process of the machine. */
	readonly command: readonly string[];
}

/** A supervisor whose machine runs. */
export interface Tether {
	/** Takes the machine down, if it is not yet, and resolves when the supervisor has ended. */
	end(): Promise<void>;
	/** Called when the supervisor has ended. */
	onEnd(listener: () => void): void;
	/** From now on the machine outlives this process. */
	release(): void;
}

/** Longest lifetime: three years, as seconds for `read -t`. */
const MAX_LIFETIME_S = 100_000_000;

/**
 * Starts a supervisor and waits until its machine runs; `exists` where the machine's directory is there already.
 * Where it rejects, the supervisor has ended: it removed what it had made.
 */
export async function supervise(
	machine: SupervisedMachine,
	signal: AbortSignal | undefined,
): Promise<Tether | 'exists'> {
	throwIfAborted(signal);
	const child = spawn('bash', [`${scriptsDirectory}/supervisor.sh`, ...machine.command], {
		cwd: '/',
		detached: true,
		stdio: ['pipe', 'pipe', 'ignore'],
		env: systemEnvironment({
			...machine.variables,
			SCRIPTS: scriptsDirectory,
			MACHINE: machine.directory,
			KIND: machine.kind,
			LIFETIME: Math.min(Math.max(machine.lifetimeMs / 1000, 0.001), MAX_LIFETIME_S).toFixed(3),
			RESOURCES: machine.resources.map((line) => `${line}\n`).join(''),
		}),
	});
	const ended = new Promise<void>((resolve) => {
		child.once('close', () => resolve());
		child.once('error', () => resolve());
	});
	const { stdin } = child;
	// It may be gone when we write; its answer, or the lack of one, says so.
	stdin.on('error', () => {});
	const onAbort = (): void => {
		stdin.destroy();
	};
	signal?.addEventListener('abort', onAbort, { once: true });
	try {
		const meta = Buffer.from(JSON.stringify(machine.meta)).toString('base64');
		stdin.write(`${meta}\n${Buffer.from(machine.bootstrap).toString('base64')}\n`);
		const answer = await readAnswer(child);
		if (answer === 'running' && !signal?.aborted) return tether(child, ended);
		stdin.destroy();
		await ended;
		if (signal?.aborted) throw canceledError(signal);
		if (answer === 'exists') return answer;
		throw new ContainerBuilderError('machine-failed', `the machine was not made: ${reasonOf(answer)}`);
	} finally {
		signal?.removeEventListener('abort', onAbort);
	}
}

/** The first word of its output, or all of it where that is not one of the good ones. */
async function readAnswer(child: ChildProcess): Promise<string> {
	const failed = once(child, 'error').then(([error]) => `failed ${String(error)}`);
	failed.catch(() => {});
	const read = async (): Promise<string> => {
		let text = '';
		for await (const chunk of child.stdout ?? []) {
			text += String(chunk);
			if (text === 'running\n' || text === 'exists\n') break;
		}
		return text.trimEnd();
	};
	return Promise.race([read(), failed]);
}

function reasonOf(answer: string): string {
	return answer.startsWith('failed ')
		? answer.slice('failed '.length)
		: 'it was ended while it was being made';
}

function tether(child: ChildProcess, ended: Promise<void>): Tether {
	child.unref();
	const { stdin } = child;
	if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
	return {
		end: async () => {
			child.ref();
			stdin?.destroy();
			await ended;
		},
		onEnd: (listener) => void ended.then(listener),
		release: () => stdin?.end('keep\n'),
	};
}
