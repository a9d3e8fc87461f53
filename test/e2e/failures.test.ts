import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand, start } from '../support/command.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

const SLOW = scratchRecipe('%post\n    echo started; sleep 300');

describe('when something goes wrong', () => {
	const workspace = useWorkspace();
	const mounted: string[] = [];
	afterEach(() => {
		for (const path of mounted.splice(0)) execFileSync('umount', ['-l', path]);
	});

	const image = (): string => join(workspace.path, 'image.sif');
	const build = (text: string, ...options: string[]): Promise<CommandResult> =>
		runCommand('container-builder', [...options, image(), workspace.write('recipe.def', text)], {
			cwd: workspace.path,
		});
	/** One sentence that starts with `error:`, the status of its kind, nothing under the image's name. */
	const expectFailure = (result: CommandResult, status: number, message: RegExp): void => {
		expect(result.stderr).toMatch(message);
		expect(result.stderr.match(/^error: /gm), result.stderr).toHaveLength(1);
		expect(result.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
		expect(result.status, result.stderr).toBe(status);
		expect(readdirSync(workspace.path).filter((name) => name.startsWith('image.sif'))).toEqual([]);
	};

	it('the definition is missing', async () => {
		const result = await runCommand('container-builder', [image(), join(workspace.path, 'none.def')]);
		expectFailure(result, 2, /none\.def/);
	});

	it('the definition is empty', async () => {
		expectFailure(await build(''), 2, /empty/);
	});

	it('a section is unknown: file, line and column are told', async () => {
		expectFailure(await build(scratchRecipe('%pots\n    echo a')), 2, /recipe\.def:\d+:\d+: .*%?pots/);
	});

	it('a %files source is missing', async () => {
		expectFailure(
			await build(scratchRecipe('%files\n    none.txt /none.txt')),
			2,
			/recipe\.def:\d+.*none\.txt/,
		);
	});

	it('a template argument is unset', async () => {
		expectFailure(
			await build(scratchRecipe('%post\n    echo {{ NOWHERE }}')),
			2,
			/recipe\.def:\d+:\d+: .*NOWHERE/,
		);
	});

	it('an option is unknown', async () => {
		expectFailure(await build(SLOW, '--frobnicate'), 2, /--frobnicate/);
	});

	it('a command in %post fails: its status and the last lines are told', async () => {
		const result = await build(scratchRecipe('%post\n    echo before the end\n    sh -c "exit 7"'));
		expectFailure(result, 1, /^error: /m);
		expect(result.stdout).toContain('before the end');
		expect(result.stderr).toContain('before the end');
	});

	it('the directory of the image does not exist', async () => {
		const definition = workspace.write('recipe.def', SLOW);
		const result = await runCommand('container-builder', [
			join(workspace.path, 'none', 'image.sif'),
			definition,
		]);
		expectFailure(result, 6, /none/);
	});

	it('the disk of the client is full', async () => {
		const small = join(workspace.path, 'small');
		mkdirSync(small);
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', small]);
		mounted.push(small);
		const definition = workspace.write('recipe.def', scratchRecipe('%runscript\n    echo never'));
		const result = await runCommand('container-builder', [join(small, 'image.sif'), definition]);
		expectFailure(result, 6, /cannot write the image in .*small/);
		expect(readdirSync(small)).toEqual([]);
	});

	it('the disk of the builder is full: limit or definition', async () => {
		const result = await build(
			scratchRecipe('%post\n    dd if=/dev/zero of=/fill bs=1M count=100000'),
			'--limit-disk',
			'200MiB',
		);
		expect([1, 5]).toContain(result.status);
		expectFailure(result, result.status ?? -1, /^error: .*/m);
		expect(`${result.stdout}${result.stderr}`).toMatch(/No space left on device|disk/);
	});

	it('there is no builder image', async () => {
		const result = await runCommand('container-builder', [image(), workspace.write('recipe.def', SLOW)], {
			environment: { XDG_CACHE_HOME: join(workspace.path, 'cache') },
		});
		expectFailure(result, 4, /builder image/);
		expect(result.stderr).toContain('cb-image make');
	});

	it('there is no builder image and no network to make one', async () => {
		const result = await runCommand('cb-image', ['make', '--mirror', 'http://127.0.0.1:9/debian'], {
			environment: { XDG_CACHE_HOME: join(workspace.path, 'cache') },
		});
		expectFailure(result, 4, /127\.0\.0\.1:9/);
	});

	it('apptainer is killed', async () => {
		const running = start('container-builder', [image(), workspace.write('recipe.def', SLOW)]);
		await running.until(/started/);
		killBelow(running.child, (command) => /(^|\/)(apptainer|Apptainer|starter)/.test(command));
		const result = await running.ended;
		expectFailure(result, 4, /^error: /m);
	});

	it('the sandbox is killed in mid-build', async () => {
		const running = start('container-builder', [image(), workspace.write('recipe.def', SLOW)]);
		await running.until(/started/);
		killBelow(running.child, (command) => command.includes('cb-builder.mjs') && command.includes('tini'));
		expectFailure(await running.ended, 4, /^error: .*builder/m);
	});

	it('Ctrl-C cancels and gives the builder back', async () => {
		const running = start('container-builder', [image(), workspace.write('recipe.def', SLOW)]);
		await running.until(/started/);
		running.child.kill('SIGINT');
		const result = await running.ended;
		expect(result.status, result.stderr).toBe(130);
		expect(result.stderr).toContain('User requested exit');
		expect(existsSync(image())).toBe(false);
	});

	it('the client is killed: nothing is left', async () => {
		const running = start('container-builder', [image(), workspace.write('recipe.def', SLOW)]);
		await running.until(/started/);
		running.child.kill('SIGKILL');
		expect((await running.ended).signal).toBe('SIGKILL');
		expect(existsSync(image())).toBe(false);
	});

	it('the image cannot be written where it should go', async () => {
		const closed = join(workspace.path, 'closed');
		mkdirSync(closed);
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', closed]);
		mounted.push(closed);
		const result = await runCommand('container-builder', [
			join(closed, 'image.sif'),
			workspace.write('recipe.def', SLOW),
		]);
		expectFailure(result, 6, /read-only|cannot be written/i);
	});
});

/** SIGKILL to what a command of ours started, as far as its command line matches; something must. */
function killBelow(child: ChildProcess, matches: (command: string) => boolean): void {
	const parents = new Map<number, number>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		try {
			parents.set(
				Number(name),
				Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]),
			);
		} catch {}
	}
	const isBelow = (pid: number): boolean => {
		const parent = parents.get(pid);
		return parent !== undefined && (parent === child.pid || isBelow(parent));
	};
	const killed = [...parents.keys()].filter(isBelow).filter((pid) => {
		try {
			if (!matches(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))) return false;
			return process.kill(pid, 'SIGKILL');
		} catch {
			return false;
		}
	});
	expect(killed.length).toBeGreaterThan(0);
}
