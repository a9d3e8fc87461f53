import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../../support/busybox.js';
import { root, startProcess } from '../../support/command.js';
import { type FencedBlock, fencedBlocks } from '../../support/fenced-blocks.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../../support/leftovers.js';
import { type Registry, startRegistry } from '../../support/registry.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** What docs/recipes.md shows is built, and does what it says. */
describe('docs/recipes.md', () => {
	const place = temporaryDirectory();
	const blocks = fencedBlocks(readFileSync(join(root, 'docs/recipes.md'), 'utf8'));
	let registry: Registry;
	let before: Leftovers;
	beforeAll(async () => {
		before = leftovers();
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
		for (const { name, text } of blocks) if (name !== undefined) place.write(`work/${name}`, text);
		place.makeExecutable(
			'bin/apptainer',
			`#!/bin/sh\nPATH="$OWN_PATH" exec ${root}/scripts/apptainer.sh "$@"\n`,
		);
		place.makeExecutable(
			'bin/container-builder',
			`#!/bin/sh\nexec ${process.execPath} ${root}/packages/cli/dist/bin/container-builder.js "$@"\n`,
		);
	});
	afterAll(async () => {
		await registry.close();
		await expectNothingLeft(before);
	});

	it('has recipes of both kinds and commands', () => {
		const names = blocks.flatMap(({ name }) => name ?? []);
		expect(names.filter((name) => name.endsWith('.def')).length).toBeGreaterThan(1);
		expect(names.filter((name) => name.endsWith('Dockerfile')).length).toBeGreaterThan(1);
		expect(blocks.flatMap(commandsOf).length).toBeGreaterThan(10);
	});

	for (const block of blocks.filter(({ language }) => language === 'console')) {
		const commands = commandsOf(block);
		it(`line ${block.line}: ${commands[0]?.command}`, async () => {
			const script = commands.map(({ command }) => `${command}\necho '--- end of command'`).join('\n');
			const result = await startProcess('bash', ['-euo', 'pipefail', '-c', script], {
				cwd: join(place.path, 'work'),
				environment: {
					PATH: `${join(place.path, 'bin')}:${process.env.PATH}`,
					OWN_PATH: process.env.PATH ?? '',
					REGISTRY: registry.host,
				},
			}).ended;
			expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
			const said = result.stdout.split('--- end of command\n');
			for (const [index, { output }] of commands.entries()) {
				for (const line of output) expect(said[index]?.split('\n')).toContain(line);
			}
		});
	}
});

interface Command {
	readonly command: string;
	/** The lines below it. */
	readonly output: readonly string[];
}

function commandsOf({ language, text }: FencedBlock): Command[] {
	if (language !== 'console') return [];
	return text
		.split(/^\$ /m)
		.slice(1)
		.map((part) => {
			const [command = '', ...output] = part.trimEnd().split('\n');
			return { command, output };
		});
}
