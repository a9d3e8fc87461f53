import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandList } from '../src/command-list.js';
import { generatedFiles } from '../src/generated-files.js';
import { manPage } from '../src/man/man-page.js';

const hasGroff = spawnSync('groff', ['--version']).status === 0;

test.runIf(hasGroff).each(commandList.map((command) => [command.name, command] as const))(
	'%s: groff has nothing to say, and every option is there as one types it',
	(_name, command) => {
		const { stdout, stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou', '-rLL=200n'], {
			input: manPage(command, '1.2.3'),
			encoding: 'utf8',
		});
		expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
		for (const { name } of command.options) expect(stdout).toContain(`--${name}`);
		for (const { line } of command.examples ?? []) expect(stdout).toContain(line.slice(0, 60));
		for (const variable of command.environment ?? []) expect(stdout).toContain(variable.name);
		expect(stdout).toContain('container-builder 1.2.3');
	},
);

test('the manifest names every page that is made', () => {
	const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
	const made = [...generatedFiles().keys()].filter((name) => name.startsWith('man/'));
	expect(manifest.man.toSorted()).toEqual(made.map((name) => `./dist/${name}`).sort());
});

test('a text cannot be taken for a request', () => {
	const page = manPage(
		{
			name: 'cb-x',
			summary: ".TH is no request, \\fBneither\\fP is 'this'.",
			options: [],
			exitCodes: [[0, '.SH']],
		},
		'1',
	);
	expect(page).toContain('\n\\&.TH is no request, \\efBneither\\efP is \\(aqthis\\(aq.\n');
	expect(page.match(/^\.SH /gm)).toHaveLength(4);
});
