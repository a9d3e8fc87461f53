import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandList } from '../src/command-list.js';
import { containerBuilder } from '../src/commands/container-builder.js';
import { completionScript } from '../src/completion/completion-script.js';
import { run } from './support/recorder.js';

const directory = mkdtempSync(join(tmpdir(), 'completion-'));
beforeAll(() => {
	mkdirSync(join(directory, 'folder'));
	writeFileSync(join(directory, 'a file.def'), '');
	for (const shell of ['bash', 'zsh', 'fish'] as const) {
		writeFileSync(join(directory, `script.${shell}`), completionScript(shell));
	}
});
afterAll(() => rmSync(directory, { recursive: true }));

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** What each shell offers behind words, as one types them; the last is what the cursor is at. */
const SHELLS: Record<string, (words: readonly string[]) => string[]> = {
	bash: (words) => {
		// Read as bash reads a line: `=` is a word of its own.
		const split = words.flatMap((word) =>
			word.split(/(=)/).filter((part, index) => part !== '' || index === 0),
		);
		const script = `source ./script.bash; COMP_WORDS=(${split.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${split.length - 1}; compopt() { :; }; _container_builder; printf '%s\\n' "\${COMPREPLY[@]}"`;
		return lines(execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' }));
	},
	fish: (words) => {
		const line = words.map((word) => word.replaceAll(' ', '\\ ')).join(' ');
		const script = `source ./script.fish; complete -C '${line}'`;
		const environment = { ...process.env, HOME: directory, XDG_CONFIG_HOME: directory };
		const said = execFileSync('fish', ['-c', script], { cwd: directory, encoding: 'utf8', env: environment });
		return lines(said).map((offer) => offer.split('\t')[0] ?? '');
	},
	zsh: (words) => {
		// A terminal of zsh's own, in which Tab is pressed and what is listed is read.
		const script = [
			'zmodload zsh/zpty',
			"zpty -b shell 'TERM=dumb zsh -f -i'",
			'wait_for() { local all= part; for _ in {1..1000}; do zpty -rt shell part && all+=$part; [[ $all == *$1* ]] && break; sleep 0.02; done; print -r -- $all }',
			`zpty -w shell "PS1= ; cd ${directory}; autoload -U compinit; compinit -u -D; source ./script.zsh; zstyle ':completion:*' list-separator '#'; LISTMAX=0; setopt no_list_ambiguous; unsetopt list_beep; print rea''dy"`,
			'wait_for ready > /dev/null',
			// Tab lists what there is, the rest of the line is thrown away.
			`zpty -n -w shell '${words.join(' ')}'$'\\t\\t\\C-u print do'$'ne\\n'`,
			"wait_for $'\\ndone'",
		].join('\n');
		const said = execFileSync('zsh', ['-f', '-c', script], { cwd: directory, encoding: 'utf8' });
		return said.split(/[\s#]+/);
	},
};

describe.each(Object.entries(SHELLS))('%s', (shell, complete) => {
	test.runIf(has(shell)).each([
		['options', ['container-builder', '--comp'], ['--compress', '--completion']],
		['the words of an option', ['container-builder', '--compress', ''], ['zstd', 'gzip']],
		['files', ['container-builder', 'a'], ['file.def']],
		['directories of an option', ['container-builder', '--context', 'f'], ['folder']],
		['subcommands', ['cb-image', ''], ['make', 'list', 'path']],
		['options of a subcommand', ['cb-image', 'make', '--ref'], ['--refresh']],
		['words that stand for themselves', ['cb-queue', ''], ['check']],
		['options that can be negated', ['container-builder', '--no-t'], ['--no-tty']],
	])('completes %s', (_name, words, expected) => {
		const offered = complete(words).join(' ');
		for (const word of expected) expect(offered, `after ${words.join(' ')}`).toContain(word);
	});

	test.runIf(has(shell))('offers no files where none belong', () => {
		expect(complete(['cb-cancel', '']).join(' ')).not.toContain('folder');
		expect(complete(['container-builder', '--queue', '']).join(' ')).not.toContain('folder');
	});
});

test('bash knows the words of an option behind =', () => {
	expect(SHELLS.bash?.(['container-builder', '--format=s'])).toEqual(['sif']);
});

test.each(['bash', 'zsh', 'fish'] as const)(
	'--completion %s prints it, with every option of every command',
	async (shell) => {
		const { status, stdout } = await run(containerBuilder, ['--completion', shell]);
		expect(status).toBe(0);
		expect(stdout).toBe(completionScript(shell));
		for (const { options } of commandList)
			for (const { name } of options) expect(stdout).toContain(shell === 'fish' ? `-l ${name}` : `--${name}`);
	},
);

test('--completion of a shell that there is not', async () => {
	const { status, stderr } = await run(containerBuilder, ['--completion', 'csh']);
	expect(status).toBe(2);
	expect(stderr).toContain('bash, zsh, fish');
});

function lines(text: string): string[] {
	return text.split('\n').filter(Boolean);
}
