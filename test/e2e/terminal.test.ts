import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useRecipeQueue, writeFiles } from '../support/recipe-queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { commandLine, Terminal } from '../support/terminal.js';

/** Says its size whenever it changes. Its input is the script: the terminal is what it writes to. */
const SIZES = scratchRecipe(`%post
    ln -s busybox /bin/stty
    test -t 1 && test -t 2 && echo on a terminal
    printf '\\033[31mred\\033[0m and not\\n'
    size() { echo size $(stty size <&2); }
    trap size WINCH
    size
    for second in 1 2 3 4 5 6; do sleep 1; done
    printf over; echo " now"`);
const BIG = scratchRecipe('%post\n    dd if=/dev/urandom of=/big bs=1048576 count=300');
const SLOW = scratchRecipe('%post\n    echo begun; for second in $(seq 300); do sleep 1; done');
/** Ends neither by itself nor when it is asked to. */
const STUBBORN = scratchRecipe(
	`%post\n    trap '' INT TERM HUP; echo begun; for second in $(seq 300); do sleep 1; done`,
);

/** The command in a real terminal, on builders of a real queue. */
describe('in a terminal', () => {
	const recipes = useRecipeQueue('terminal');
	let directory = '';
	let terminal: Terminal;
	beforeEach(() => {
		directory = recipes.directory();
		terminal = new Terminal({ columns: 90, rows: 30, directory });
	});
	afterEach(() => terminal.close());

	const image = (): string => join(directory, 'image.sif');
	const line = (text: string): string => {
		writeFiles(directory, { 'recipe.def': text });
		return commandLine('container-builder', '--queue', recipes.url, 'image.sif', 'recipe.def');
	};
	const nobodyBuilds = () =>
		recipes.queue.untilStatus(({ builders }) => builders.every(({ state }) => state !== 'leased'));

	it('the build has a terminal of its size, which follows it, and its colours', async () => {
		terminal.type(line(SIZES));
		await terminal.until(/^size 30 90$/m);
		terminal.resize(70, 20);
		await terminal.until(/^size 20 70$/m);
		terminal.resize(120, 40);
		await terminal.until(/^size 40 120$/m);
		const shown = await terminal.until(/^ready>$/m);
		expect(shown).toMatch(/^on a terminal$/m);
		expect(terminal.shown({ colours: true })).toContain('\x1b[31mred\x1b[39m and not');
	});

	it('progress is shown while there is some, and cleared', async () => {
		terminal.type(line(BIG));
		await terminal.until(/Transferring image\.sif.* \d+ %/);
		const shown = await terminal.until(/^ready>$/m);
		const ours = shown.split('\n').filter((text) => !/^(INFO|\+|ready>|\s|\d|\[=)/.test(text));
		expect(ours.map((text) => text.replace(/:.*| \/.*/, ''))).toEqual([
			'Detected singularity file',
			'✔ Connecting to BuilderQueue',
			'✔ Requesting remote builder',
			'✔ Transferring build context to builder',
			'Limits',
			'✔ Transferring image.sif',
			'Built',
			'',
		]);
	});

	it('Ctrl-C cancels, tells so, and gives the builder back', async () => {
		terminal.type(`${line(SLOW)}; echo ended with $?`);
		await terminal.until(/^begun$/m);
		terminal.press('C-c');
		const shown = await terminal.until(/^ended with \d+$/m);
		expect(shown).toMatch(/User requested exit/);
		expect(shown).toMatch(/^ended with 130$/m);
		await nobodyBuilds();
		expect(existsSync(image())).toBe(false);
	});

	it('Ctrl-C twice leaves at once, and the builder is given back all the same', async () => {
		// The second one may come when the command has ended already: the shell would drop the rest of its line then.
		terminal.type(`trap : INT; ${line(STUBBORN)}; echo ended with $?`);
		await terminal.until(/^begun$/m);
		terminal.press('C-c');
		await terminal.until(/User requested exit/);
		terminal.press('C-c');
		expect(await terminal.until(/^ended with \d+$/m)).toMatch(/^ended with 130$/m);
		await nobodyBuilds();
		expect(existsSync(image())).toBe(false);
	});

	it('who reads slowly from a pipe gets every byte', async () => {
		const command = line(scratchRecipe('%post\n    seq 2000000'));
		terminal.type(`${command} | (sleep 4; grep -c '^[0-9]' > count.txt; echo counted)`);
		const shown = await terminal.until(/^counted$/m);
		expect(readFileSync(join(directory, 'count.txt'), 'utf8')).toBe('2000000\n');
		expect(shown).not.toContain('too fast');
	});

	it('what goes through a pipe has no control characters', async () => {
		terminal.type(
			`${line(scratchRecipe('%post\n    echo one; echo two'))} 2>&1 | cat > all.txt; echo written`,
		);
		await terminal.until(/^written$/m);
		const text = readFileSync(join(directory, 'all.txt'), 'utf8');
		expect(text).toMatch(/^one$/m);
		expect(text).toMatch(/^Transferring image\.sif: Completed$/m);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
		expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
	});
});
