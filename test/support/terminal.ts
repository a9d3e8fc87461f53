import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './command.js';

/** A real terminal: a pane of a tmux server of its own, in which a shell runs. */
export class Terminal {
	readonly #directory = mkdtempSync(join(tmpdir(), 'terminal-'));

	constructor({ columns, rows, directory }: { columns: number; rows: number; directory: string }) {
		const size = ['-x', String(columns), '-y', String(rows)];
		const shell = 'exec env -u TMUX PS1="ready> " bash --norc --noprofile -i';
		this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', directory, shell);
		this.#tmux('set-option', '-g', 'history-limit', '10000');
		// Else its size is that of the client that looks at it, and nobody does.
		this.#tmux('set-option', '-g', 'window-size', 'manual');
	}

	/** Types a line, and Enter. */
	type(line: string): void {
		this.#tmux('send-keys', '-l', line);
		this.press('Enter');
	}

	/** By tmux' name of it: `C-c`, `Enter`. */
	press(key: string): void {
		this.#tmux('send-keys', key);
	}

	resize(columns: number, rows: number): void {
		this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
	}

	/** What is to be seen, scrolled away or not, without the spaces at the ends of lines; `colours`: with its escape sequences. */
	shown({ colours = false }: { readonly colours?: boolean } = {}): string {
		const text = this.#tmux('capture-pane', '-p', '-J', '-S', '-', ...(colours ? ['-e'] : []));
		return `${text.replace(/ +$/gm, '').trimEnd()}\n`;
	}

	/** Resolves when what is to be seen matches; the test's own time limit ends it. */
	async until(pattern: RegExp): Promise<string> {
		for (;;) {
			const shown = this.shown();
			if (pattern.test(shown)) return shown;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}

	close(): void {
		this.#tmux('kill-server');
		rmSync(this.#directory, { recursive: true, force: true });
	}

	#tmux(...words: string[]): string {
		return execFileSync('tmux', ['-S', join(this.#directory, 'socket'), ...words], { encoding: 'utf8' });
	}
}

/** A command line that runs a built command, its words quoted for a shell. */
export function commandLine(name: string, ...args: readonly string[]): string {
	const script = join(root, 'packages/cli/dist/bin', `${name}.js`);
	return [process.execPath, script, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}
