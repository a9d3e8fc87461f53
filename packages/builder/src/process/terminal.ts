import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TerminalSize } from '@olcf/container-builder-core';

const run = promisify(execFile);

/** Exit statuses by which a shell tells that a signal has killed its command. */
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = {
	129: 'SIGHUP',
	130: 'SIGINT',
	131: 'SIGQUIT',
	132: 'SIGILL',
	134: 'SIGABRT',
	135: 'SIGBUS',
	136: 'SIGFPE',
	137: 'SIGKILL',
	139: 'SIGSEGV',
	141: 'SIGPIPE',
	143: 'SIGTERM',
};

/**
 * A pseudo-terminal by `script` of util-linux, so that no native module is needed. `script` shows a status over
 * 128 where a signal has killed the command.
 */
export class Terminal {
	/** What to start instead of the command. */
	readonly command: readonly [string, ...string[]];
	readonly #notePath: string;

	/** `directory` must be one that the command's user can write in. */
	constructor(command: readonly string[], size: TerminalSize, directory: string) {
		this.#notePath = join(directory, 'terminal');
		const inner = [
			`stty ${sizeArguments(size).join(' ')}`,
			`echo $$ "$(tty)" > ${quote(this.#notePath)}`,
			`exec ${command.map(quote).join(' ')} < /dev/null`,
		].join('; ');
		this.command = ['script', '-qefc', inner, '/dev/null'];
	}

	/** The session that runs on the terminal, once it does. */
	async session(): Promise<number | undefined> {
		return (await this.#note())?.session;
	}

	/** The processes on the terminal are told by SIGWINCH. Without effect before they run, or afterwards. */
	async resize(size: TerminalSize): Promise<void> {
		const note = await this.#note();
		if (note) await run('stty', ['-F', note.device, ...sizeArguments(size)]).catch(() => {});
	}

	/** The exit status or the signal that the command has ended with. */
	static result(
		exitCode: number | null,
		signal: string | null,
	): { exitCode: number | null; signal: string | null } {
		const meant = exitCode === null ? undefined : SIGNALS[exitCode];
		return meant === undefined ? { exitCode, signal } : { exitCode: null, signal: meant };
	}

	async #note(): Promise<{ readonly session: number; readonly device: string } | undefined> {
		// The build could have put something else there; nothing may be waited for.
		const flag = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
		const text = await readFile(this.#notePath, { encoding: 'utf8', flag }).catch(() => '');
		const match = /^(\d+) (\/dev\/pts\/\d+)\n$/.exec(text);
		return match?.[1] && match[2] ? { session: Number(match[1]), device: match[2] } : undefined;
	}
}

function sizeArguments({ rows, columns }: TerminalSize): string[] {
	return ['rows', String(rows), 'cols', String(columns)];
}

function quote(word: string): string {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}
