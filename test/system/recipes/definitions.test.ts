import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sifFileSystem } from '../../support/image-files.js';
import { apptainer, apptainerOn } from '../../support/in-image.js';
import { inside, useRecipeQueue } from '../../support/recipe-queue.js';
import { scratchRecipe } from '../../support/recipes.js';

/** Everything that a definition file can say beside its bootstrap agent. */
describe('definition files: what they can say', () => {
	const recipes = useRecipeQueue('definitions');

	it('every section', async () => {
		const directory = recipes.directory({
			'app.def': `# A comment before all.
${scratchRecipe(`%pre
    echo "pre on the builder"

%files
    local.txt /opt/local.txt

%post -c /bin/sh -e
    cat /opt/local.txt > /etc/from-post
    echo 'export FROM_POST=yes' >> "$APPTAINER_ENVIRONMENT"

%environment
    export COLOR=blue

%labels
    Maintainer somebody@example.org
    org.opencontainers.image.title with spaces in it

%help
    Helpful words.

%startscript
    echo starts

%runscript
    echo "$COLOR $FROM_POST $(cat /etc/from-post) $*"

%test
    test "$COLOR" = blue
    echo "tested at the end"`)}`,
			'local.txt': 'local\n',
		});
		const result = await recipes.build(directory, ['app.sif', 'app.def']);
		expect(result.stdout).toContain('pre on the builder');
		expect(result.stdout).toContain('tested at the end');
		const image = join(directory, 'app.sif');
		expect(await apptainer('run', image, 'a  b', 'c')).toBe('blue yes local a  b c\n');
		expect(await apptainerOn(image, 'inspect', '--labels')).toMatch(/Maintainer: somebody@example\.org/);
		expect(await apptainerOn(image, 'inspect', '--labels')).toMatch(
			/org\.opencontainers\.image\.title: with spaces in it/,
		);
		expect(await apptainerOn(image, 'inspect', '--helpfile')).toContain('Helpful words.');
		expect(await apptainerOn(image, 'inspect', '--startscript')).toContain('echo starts');
		expect(await apptainer('test', image)).toContain('tested at the end');
	});

	it('SCIF apps: install, files, environment, labels, help, run, start, test', async () => {
		const directory = recipes.directory({
			'app.def': scratchRecipe(`%appinstall first
    echo "installed in $SCIF_APPNAME" > bin/what

%appfiles first
    data.txt

%appenv first
    GREETING=hello
    export GREETING

%applabels first
    Flavour vanilla

%apphelp first
    Help of the first.

%apprun first
    echo "$GREETING $(cat /scif/apps/first/bin/what) $(cat /scif/apps/first/data.txt) $*"

%appstart first
    echo starting

%apptest first
    test -s /scif/apps/first/bin/what && echo "first is fine"

%apprun second
    echo second`),
			'data.txt': 'data',
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		const image = join(directory, 'app.sif');
		const app = (command: string, ...options: string[]): Promise<string> =>
			apptainerOn(image, command, '--app', 'first', ...options);
		expect(await apptainerOn(image, 'run', '--app', 'second')).toBe('second\n');
		expect(await app('run')).toBe('hello installed in first data \n');
		expect(await app('test')).toBe('first is fine\n');
		expect(await app('inspect', '--labels')).toContain('Flavour: vanilla');
		expect(await app('inspect', '--helpfile')).toContain('Help of the first.');
		expect(await apptainerOn(image, 'inspect', '--list-apps')).toMatch(/^first\nsecond$/m);
		expect(await inside(image, 'cat /scif/apps/first/scif/startscript')).toContain('echo starting');
	});

	it('stages: the last takes from two others, and from the local files', async () => {
		const directory = recipes.directory({
			'app.def': [
				scratchRecipe('%post\n    mkdir /out; echo one > /out/one').replace(
					'Bootstrap: scratch',
					'Bootstrap: scratch\nStage: first',
				),
				scratchRecipe('%files from first\n    /out/one /in/one\n\n%post\n    echo two > /two').replace(
					'Bootstrap: scratch',
					'Bootstrap: scratch\nStage: second',
				),
				scratchRecipe(
					'%files from first\n    /out /first\n\n%files from second\n    /in/one /second/one\n    /two /second/two\n\n%files\n    local.txt /local.txt',
				).replace('Bootstrap: scratch', 'Bootstrap: scratch\nStage: final'),
			].join('\n'),
			'local.txt': 'local\n',
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		expect(
			await inside(
				join(directory, 'app.sif'),
				'cat /first/one /second/one /second/two /local.txt; ls / | grep -c -e "^out$" -e "^two$" -e "^in$" || true',
			),
		).toBe('one\none\ntwo\nlocal\n0\n');
	});

	it('arguments: defaults, --build-arg-file, --build-arg over both', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: {{ AGENT }}
${scratchRecipe('').replace('Bootstrap: scratch\n', '')}
%arguments
    AGENT=scratch
    ONE=default
    TWO=default
    THREE=default

%runscript
    echo "{{ ONE }}|{{TWO}}|{{ THREE }}|{{ FOUR }}"
`,
			'values.txt': '# a comment\nTWO=of the file\nTHREE=of the file\n\nFOUR=é "quoted" $HOME\n',
		});
		await recipes.build(directory, [
			...['--build-arg-file', 'values.txt', '--build-arg', 'THREE=of the command line, with = and ,'],
			...['app.sif', 'app.def'],
		]);
		expect(await apptainerOn(join(directory, 'app.sif'), 'inspect', '--runscript')).toContain(
			'echo "default|of the file|of the command line, with = and ,|é "quoted" $HOME"',
		);
	});

	it('%files: globs, quotes, directories, modes, links, long and non-ASCII names, nothing else', async () => {
		const long = 'n'.repeat(200);
		const directory = recipes.directory({
			'app.def': scratchRecipe(`%setup
    echo "names of the file: $(stat -c %h tree/deep/a.txt)"
    find . -mindepth 1 | sort | sed 's/^/sent: /'

%files
    tree /opt/tree
    *.md /opt/docs/
    "with space.txt" "/opt/with space.txt"
    [xy]?.dat /opt/
    run.sh
    ${'deeper/'.repeat(20)}${long}
    größe/日本.txt /opt/日本.txt
    link-to-tree/top.txt /opt/through-link.txt`),
			'one.md': '1',
			'two.md': '2',
			'three.txt': 'not referred to',
			'with space.txt': 'spaced',
			'x1.dat': 'x1',
			'y2.dat': 'y2',
			'z3.dat': 'not referred to',
			'run.sh': '#!/bin/sh\necho ran\n',
			'tree/top.txt': 'top',
			'tree/deep/a.txt': 'a',
			[`${'deeper/'.repeat(20)}${long}`]: 'long',
			'größe/日本.txt': 'wide',
		});
		linkSync(join(directory, 'tree/deep/a.txt'), join(directory, 'tree/deep/b.txt'));
		symlinkSync('deep/a.txt', join(directory, 'tree/link'));
		symlinkSync('tree', join(directory, 'link-to-tree'));
		mkdirSync(join(directory, 'tree/empty'), { mode: 0o750 });
		const result = await recipes.build(directory, ['app.sif', 'app.def']);
		// Two are hard links; the third is the symbolic link, which is followed, as apptainer follows them.
		expect(result.stdout).toContain('names of the file: 3\n');
		const sent = [...result.stdout.matchAll(/^sent: \.\/(.*?)\r?$/gm)].map(([, name]) => name);
		expect(sent).toContain('tree/deep/b.txt');
		for (const name of ['three.txt', 'z3.dat', 'app.def', 'app.sif']) expect(sent).not.toContain(name);
		expect(
			await inside(
				join(directory, 'app.sif'),
				`cd /opt; cat docs/one.md docs/two.md "with space.txt" x1.dat y2.dat 日本.txt through-link.txt tree/link tree/deep/b.txt /${'deeper/'.repeat(20)}${long}; echo; stat -c '%a %u:%g %n' /run.sh tree/empty tree/deep/a.txt; ls docs`,
			),
		).toBe(
			'12spacedx1y2widetopaalong\n755 0:0 /run.sh\n750 0:0 tree/empty\n644 0:0 tree/deep/a.txt\none.md\ntwo.md\n',
		);
	});

	it('a sparse file stays sparse on the way', async () => {
		const directory = recipes.directory({
			'app.def': scratchRecipe('%setup\n    echo "blocks: $(stat -c %b hole)"\n\n%files\n    hole /hole'),
		});
		execFileSync('truncate', ['-s', '200M', join(directory, 'hole')]);
		const result = await recipes.build(directory, ['app.sif', 'app.def']);
		expect(Number(/blocks: (\d+)/.exec(result.stdout)?.[1])).toBeLessThan(2048);
		expect(await inside(join(directory, 'app.sif'), 'stat -c %s /hole')).toBe('209715200\n');
	});

	for (const option of ['--transfer-context', '--transfer_context']) {
		it(`${option}: the whole working directory`, async () => {
			const directory = recipes.directory({
				'app.def': scratchRecipe('%setup\n    cp -r sub "$APPTAINER_ROOTFS/sub"; ls -A'),
				'sub/not-named.txt': 'sent all the same\n',
				'.git/config': 'not this',
			});
			const result = await recipes.build(directory, [option, 'app.sif', 'app.def']);
			expect(result.stdout).not.toContain('.git');
			expect(await inside(join(directory, 'app.sif'), 'cat /sub/not-named.txt')).toBe('sent all the same\n');
		});
	}

	it('--context: another root for local files', async () => {
		const directory = recipes.directory({
			'app.def': scratchRecipe('%files\n    a.txt /a.txt'),
			'a.txt': 'of the working directory\n',
			'elsewhere/a.txt': 'of elsewhere\n',
		});
		await recipes.build(directory, ['--context', 'elsewhere', 'app.sif', 'app.def']);
		expect(await inside(join(directory, 'app.sif'), 'cat /a.txt')).toBe('of elsewhere\n');
	});

	for (const compression of ['zstd', 'gzip'] as const) {
		it(`--compress ${compression}`, async () => {
			const directory = recipes.directory({ 'app.def': scratchRecipe('%runscript\n    echo readable') });
			await recipes.build(directory, ['--compress', compression, 'app.sif', 'app.def']);
			const image = join(directory, 'app.sif');
			expect(sifFileSystem(image).compression).toBe(compression);
			expect(await apptainer('run', image)).toBe('readable\n');
		});
	}

	it('a secret: there during %post, gone from the image', async () => {
		const directory = recipes.directory({
			'app.def': scratchRecipe(
				'%post\n    wc -c < /run/secrets/token > /etc/length; cat /run/secrets/other >> /etc/length',
			),
			token: 'twelve bytes',
		});
		await recipes.build(
			directory,
			['--secret', 'id=token,src=token', '--secret', 'id=other,env=OTHER', 'app.sif', 'app.def'],
			{ OTHER: 'of the environment' },
		);
		expect(
			await inside(join(directory, 'app.sif'), 'cat /etc/length; echo; ls /run/secrets 2>&1 || true'),
		).toMatch(/^12\nof the environment\n.*No such file/);
	});

	it('--check says that all is well, and needs no queue', async () => {
		const directory = recipes.directory({ 'app.def': scratchRecipe('%files\n    a.txt /a'), 'a.txt': 'a' });
		const result = await recipes.start(directory, ['--check', 'app.def']).ended;
		expect(result.status, result.stderr).toBe(0);
	});
});
