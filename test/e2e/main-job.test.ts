import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand, start } from '../support/command.js';
import { apptainer } from '../support/in-image.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

describe('container-builder IMAGE DEFINITION', () => {
	const workspace = useWorkspace();

	it('builds the recipe of the README into an image that runs', async () => {
		const image = join(workspace.path, 'hello.sif');
		const result = await runCommand('container-builder', [image, join(root, 'examples/recipes/hello.def')]);
		expect(result.stderr).toContain('Detected singularity file');
		expect(result.status, result.stderr).toBe(0);
		expect(readFileSync(image).subarray(32, 41).toString()).toBe('SIF_MAGIC');
		expect(await apptainer('run', image)).toMatch(/hello/i);
		expect(workspace.files()).toEqual(['hello.sif']);
	});

	it('does not overwrite an image, and does with --force', async () => {
		const image = workspace.write('there.sif', 'mine');
		const definition = workspace.write('a.def', scratchRecipe('%runscript\n    echo forced'));
		const refused = await runCommand('container-builder', [image, definition]);
		expect(refused.status).toBe(2);
		expect(refused.stderr).toContain(`${image} : file already exists. Add --force flag to override`);
		expect(readFileSync(image, 'utf8')).toBe('mine');
		const forced = await runCommand('container-builder', ['--force', image, definition]);
		expect(forced.status, forced.stderr).toBe(0);
		expect(await apptainer('run', image)).toBe('forced\n');
	});

	it('shows output while the build runs', async () => {
		const definition = workspace.write(
			'slow.def',
			scratchRecipe('%post\n    for n in 1 2 3 4; do echo "tick $n"; sleep 1; done'),
		);
		const build = start('container-builder', [join(workspace.path, 'slow.sif'), definition]);
		const result = await build.ended;
		expect(result.status, result.stderr).toBe(0);
		const ticks = [1, 2, 3, 4].map(
			(n) => build.pieces.find(({ bytes }) => bytes.includes(`tick ${n}`))?.at ?? Number.NaN,
		);
		// The recipe itself waits a second between two lines: they came one by one, not in one go at the end.
		for (const [index, at] of ticks.slice(1).entries())
			expect(at - (ticks[index] ?? Number.NaN)).toBeGreaterThan(500);
	});

	it('passes bytes through unchanged: colours, carriage returns, UTF-8 across borders', async () => {
		const line =
			'\\033[31mred\\033[0m 10%%\\r20%%\\r\\303\\244\\342\\202\\254\\360\\237\\232\\200 \\001\\377 end\\n';
		const definition = workspace.write(
			'bytes.def',
			scratchRecipe(
				`%post\n    set +x\n    printf '\\303'; sleep 1; printf '\\244<<<\\n'\n    for n in $(seq 500); do printf '${line}'; done`,
			),
		);
		const result = await runCommand('container-builder', [join(workspace.path, 'bytes.sif'), definition]);
		expect(result.status, result.stderr).toBe(0);
		const expected = Buffer.concat([
			Buffer.from('\x1b[31mred\x1b[0m 10%\r20%\rä€🚀 ', 'utf8'),
			Buffer.from([0x01, 0xff]),
			Buffer.from(' end\n'),
		]);
		expect(result.bytes.includes(Buffer.from('ä<<<\n'))).toBe(true);
		expect(result.bytes.includes(Buffer.concat(Array.from({ length: 500 }, () => expected)))).toBe(true);
	});

	it('sends the files that the recipe refers to, and no others', async () => {
		workspace.write('data file.txt', 'from the client\n');
		workspace.write('private.txt', 'not referred to\n');
		const definition = workspace.write(
			'files.def',
			scratchRecipe('%files\n    "data file.txt" /data.txt\n\n%post\n    ls -A "$PWD"; cat /data.txt'),
		);
		const image = join(workspace.path, 'files.sif');
		const result = await runCommand('container-builder', [image, definition], { cwd: workspace.path });
		expect(result.status, result.stderr).toBe(0);
		expect(await apptainer('exec', image, 'cat', '/data.txt')).toBe('from the client\n');
		expect(result.stdout).not.toContain('private.txt');
	});

	it('fills template arguments by --build-arg', async () => {
		const definition = workspace.write(
			'arguments.def',
			scratchRecipe(
				'%arguments\n    GREETING=unset\n    WHO=world\n\n%runscript\n    echo "{{ GREETING }}, {{ WHO }}"',
			),
		);
		const image = join(workspace.path, 'arguments.sif');
		const result = await runCommand('container-builder', [
			'--build-arg',
			'GREETING=hello there',
			image,
			definition,
		]);
		expect(result.status, result.stderr).toBe(0);
		expect(await apptainer('run', image)).toBe('hello there, world\n');
	});
});
