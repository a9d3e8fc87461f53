import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** The top of the checkout. */
export const root = new URL('../../', import.meta.url).pathname;

/** A command of ours that was started. */
export interface RunningCommand {
	readonly child: ChildProcess;
	/** What it has said so far. */
	readonly said: { stdout: Buffer; stderr: string };
	/** Each piece of stdout with the moment it came, in milliseconds. */
	readonly pieces: { readonly at: number; readonly bytes: Buffer }[];
	readonly ended: Promise<CommandResult>;
	/** Resolves when stdout and stderr together match. Rejects when the command ends before. */
	until(pattern: RegExp): Promise<void>;
}

/** How a command ended. */
export interface CommandResult {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly bytes: Buffer;
	readonly stderr: string;
}

/** Options of {@link start}. */
export interface CommandOptions {
	readonly cwd?: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly input?: string;
	/** Makes it the leader of a process group, for `endGroup`. */
	readonly group?: boolean;
}

/** Starts a built command in a process of its own. */
export function start(name: string, args: readonly string[], options: CommandOptions = {}): RunningCommand {
	const script = join(root, 'packages/cli/dist/bin', `${name}.js`);
	return startProcess(process.execPath, [script, ...args], options);
}

/** Starts any program. */
export function startProcess(
	program: string,
	args: readonly string[],
	options: CommandOptions = {},
): RunningCommand {
	const child = spawn(program, args, {
		cwd: options.cwd ?? root,
		env: { ...process.env, ...options.environment },
		stdio: ['pipe', 'pipe', 'pipe'],
		detached: options.group === true,
	});
	const said = { stdout: Buffer.alloc(0), stderr: '' };
	const pieces: { at: number; bytes: Buffer }[] = [];
	const watchers = new Set<() => void>();
	child.stdin.end(options.input ?? '');
	child.stdout.on('data', (bytes: Buffer) => {
		said.stdout = Buffer.concat([said.stdout, bytes]);
		pieces.push({ at: performance.now(), bytes });
		for (const look of watchers) look();
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said.stderr += text;
		for (const look of watchers) look();
	});
	const ended = new Promise<CommandResult>((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (status, signal) =>
			resolve({
				status,
				signal,
				stdout: said.stdout.toString('utf8'),
				bytes: said.stdout,
				stderr: said.stderr,
			}),
		);
	});
	const until = (pattern: RegExp): Promise<void> =>
		new Promise((resolve, reject) => {
			const look = (): void => {
				if (!pattern.test(`${said.stdout.toString('utf8')}\n${said.stderr}`)) return;
				watchers.delete(look);
				resolve();
			};
			watchers.add(look);
			look();
			void ended.then((result) => {
				watchers.delete(look);
				reject(
					new Error(
						`ended with ${result.status ?? result.signal} before ${pattern}:\n${result.stderr}\n${result.stdout}`,
					),
				);
			});
		});
	return { child, said, pieces, ended, until };
}

/** Runs a built command to its end. */
export function runCommand(
	name: string,
	args: readonly string[],
	options: CommandOptions = {},
): Promise<CommandResult> {
	return start(name, args, options).ended;
}

/** A signal, SIGTERM where none is named, to a command that was started with `group`, and to all that it started: npm does not pass it on. */
export async function endGroup(command: RunningCommand, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
	if (command.child.pid !== undefined && command.child.exitCode === null)
		process.kill(-command.child.pid, signal);
	await command.ended;
}
