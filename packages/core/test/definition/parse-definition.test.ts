import { localFiles, parseDefinition } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const at = (line: number, column: number) => ({ line, column });

function problemsOf(text: string, values?: Record<string, string>): readonly string[] {
	return parseDefinition(text, { arguments: values }).problems.map(
		({ message, position }) => `${position.line}:${position.column}: ${message}`,
	);
}

test('a whole definition', () => {
	const text = `# made by hand
BootStrap: debootstrap   # comment
OSVersion: trixie
MirrorURL: http://deb.example.org/debian
Include: bash \\
  curl

%setup
    touch "$APPTAINER_ROOTFS/x"

%post -c /bin/bash
    echo "100%"
    apt-get install -y foo

%environment
    export A=1
%labels
    Author me
%appinstall tool
    make
`;
	const { definition, problems } = parseDefinition(text);
	expect(problems).toEqual([]);
	expect(definition.stages).toHaveLength(1);
	const [stage] = definition.stages;
	expect(stage?.bootstrap).toBe('debootstrap');
	expect(stage?.position).toEqual(at(2, 1));
	expect([...(stage?.header.values() ?? [])].map(({ key, value }) => [key, value])).toEqual([
		['bootstrap', 'debootstrap'],
		['osversion', 'trixie'],
		['mirrorurl', 'http://deb.example.org/debian'],
		['include', 'bash curl'],
	]);
	expect(stage?.header.get('osversion')).toMatchObject({ position: at(3, 1), valuePosition: at(3, 12) });
	expect(stage?.sections).toEqual([
		{
			name: 'setup',
			argument: '',
			body: '    touch "$APPTAINER_ROOTFS/x"\n\n',
			position: at(8, 1),
			bodyPosition: at(9, 1),
		},
		{
			name: 'post',
			argument: '-c /bin/bash',
			body: '    echo "100%"\n    apt-get install -y foo\n\n',
			position: at(11, 1),
			bodyPosition: at(12, 1),
		},
		{
			name: 'environment',
			argument: '',
			body: '    export A=1\n',
			position: at(15, 1),
			bodyPosition: at(16, 1),
		},
		{ name: 'labels', argument: '', body: '    Author me\n', position: at(17, 1), bodyPosition: at(18, 1) },
		{
			name: 'appinstall',
			argument: 'tool',
			app: 'tool',
			body: '    make\n',
			position: at(19, 1),
			bodyPosition: at(20, 1),
		},
	]);
});

test('stages, and files from one to the other', () => {
	const text = `Bootstrap: docker
From: golang
Stage: build

%files
    main.go /src/
%post
    cd /src && go build

bootstrap: docker
from: debian

%files from build
    /src/main /usr/bin/main
    # nothing
    "/with space" /there
%files
    notes.txt
`;
	const { definition, problems } = parseDefinition(text);
	expect(problems).toEqual([]);
	expect(definition.stages.map(({ name }) => name)).toEqual(['build', undefined]);
	expect(definition.stages[1]?.files).toEqual([
		{
			source: '/src/main',
			destination: '/usr/bin/main',
			from: 'build',
			wildcards: true,
			position: at(14, 5),
		},
		{ source: '/with space', destination: '/there', from: 'build', wildcards: true, position: at(16, 5) },
		{ source: 'notes.txt', wildcards: true, position: at(18, 5) },
	]);
	expect(localFiles(definition)).toEqual([
		{ path: 'main.go', use: 'files', wildcards: true, position: at(6, 5) },
		{ path: 'notes.txt', use: 'files', wildcards: true, position: at(18, 5) },
	]);
});

test.each([
	['localimage', 'base.sif', 'base.sif', 'image'],
	['localimage', '../up/base.sif', '../up/base.sif', 'image'],
	['oci-archive', 'image.tar', 'image.tar', 'archive'],
	['oci-archive', 'image.tar:latest', 'image.tar', 'archive'],
	['docker-archive', 'dir/image.tar:name:tag', 'dir/image.tar', 'archive'],
	['oci', 'layout:tag', 'layout', 'archive'],
	['docker', 'debian:trixie', undefined, undefined],
	['oras', 'registry.example/a/b', undefined, undefined],
])('the local file of Bootstrap: %s, From: %s', (agent, from, path, use) => {
	const { definition, problems } = parseDefinition(`Bootstrap: ${agent}\nFrom: ${from}\n`);
	expect(problems).toEqual([]);
	const expected = path === undefined ? [] : [{ path, use, wildcards: false, position: at(2, 7) }];
	expect(localFiles(definition)).toEqual(expected);
});

describe('lines of %files', () => {
	const read = (line: string) => {
		const { definition, problems } = parseDefinition(`Bootstrap: scratch\n%files\n${line}\n`);
		const [file] = definition.stages[0]?.files ?? [];
		return problems[0]?.message ?? [file?.source, file?.destination];
	};
	test.each([
		['a', ['a', undefined]],
		['  a   b  ', ['a', 'b']],
		['a\tb', ['a', 'b']],
		['"a b" c', ['a b', 'c']],
		['a "b c"', ['a', 'b c']],
		['"a b"', ['a b', undefined]],
		['a b # comment', ['a', 'b']],
		['a b c', ['a', 'b']],
		['# a', [undefined, undefined]],
		['*.txt /d/', ['*.txt', '/d/']],
		['a\r', ['a', undefined]],
		["'a b' c", 'apptainer does not understand single quotes in %files: use double quotes'],
		["don't /x", 'apptainer does not understand single quotes in %files: use double quotes'],
		["a b # don't", ['a', 'b']],
	])('%j', (line, expected) => {
		expect(read(line)).toEqual(expected);
	});
	test.each(['$HOME/x', '`id`', '~/x', 'a;b', 'a&b', 'a(1)', 'a\\', 'a<b', 'a|b'])(
		'%s is for a shell',
		(source) => {
			expect(read(source)).toMatch(/would be read by a shell on the builder/);
		},
	);
	test('%appfiles knows no quotes and no wildcards', () => {
		const { definition } = parseDefinition(
			'Bootstrap: scratch\n%appfiles x\n  "a b c # comment\n  * d\n  e # f\n',
		);
		expect(
			definition.stages[0]?.files.map(({ source, destination, wildcards }) => [
				source,
				destination,
				wildcards,
			]),
		).toEqual([
			['"a', 'b c', false],
			['*', 'd', false],
			['e', undefined, false],
		]);
	});
});

describe('template arguments', () => {
	test('values go before defaults, each stage has its own', () => {
		const text = `Bootstrap: docker
From: {{ BASE }}:{{TAG}}
Stage: one
%arguments
    BASE = debian
    TAG=trixie
    # TAG=bookworm
Bootstrap: docker
From: {{ BASE }}
%arguments
    BASE=busybox
`;
		const { definition, problems } = parseDefinition(text, { arguments: { TAG: 'sid' } });
		expect(problems).toEqual([]);
		expect(definition.stages.map(({ header }) => header.get('from')?.value)).toEqual([
			'debian:sid',
			'busybox',
		]);
		expect([...definition.usedArguments].sort()).toEqual(['BASE', 'TAG']);
		expect([...(definition.stages[0]?.defaults ?? [])]).toEqual([
			['BASE', 'debian'],
			['TAG', 'trixie'],
		]);
	});

	test('a value may use another', () => {
		const text = 'Bootstrap: docker\nFrom: {{ IMAGE }}\n%arguments\n  IMAGE=debian:{{ TAG }}\n  TAG=trixie\n';
		const { definition, problems } = parseDefinition(text);
		expect(problems).toEqual([]);
		expect(definition.stages[0]?.header.get('from')?.value).toBe('debian:trixie');
	});

	test('comments stay as they are, but a # right before the braces is none', () => {
		expect(
			problemsOf('Bootstrap: scratch\n# {{ NONE }}\n%post\n  # see {{ NONE }}\n  echo #{{ SOME }}\n'),
		).toEqual([
			'5:9: the argument SOME has no value: give --build-arg SOME=VALUE, or a default in %arguments',
		]);
	});

	test('every name without a value is told, each where it stands', () => {
		expect(
			problemsOf('Bootstrap: docker\nFrom: {{ A }}\n%post\n  echo {{ B }} {{ A }}\n', { B: 'b' }),
		).toEqual([
			'2:7: the argument A has no value: give --build-arg A=VALUE, or a default in %arguments',
			'4:16: the argument A has no value: give --build-arg A=VALUE, or a default in %arguments',
		]);
	});

	test('an empty value is a value', () => {
		expect(problemsOf('Bootstrap: scratch\n%post\n  echo {{ A }}\n', { A: '' })).toEqual([]);
	});

	test('positions are those of the file, not of what was filled in', () => {
		const text = 'Bootstrap: {{ AGENT }}\nFrom: x\n\n%files\n  {{ A }} {{ A }}\n%nonsense\n';
		expect(problemsOf(text, { AGENT: 'a-very-long-name\nFrom: y', A: '$x\n$y' })).toEqual([
			'1:12: there is no bootstrap agent a-very-long-name: there are docker, oras, library, shub, localimage, oci-archive, docker-archive, oci, docker-daemon, debootstrap, yum, dnf, busybox, arch, zypper, scratch',
			'2:1: From stands in line 1 already: this one counts',
			expect.stringMatching(/^5:3: "\$" in the name \$x/),
			expect.stringMatching(/^5:3: "\$" in the name \$y/),
			expect.stringMatching(/^5:11: "\$" in the name \$y/),
			'6:1: there is no section %nonsense',
		]);
	});
});

test.each<[string, string, readonly string[]]>([
	['nothing', '', ['1:1: there is no Bootstrap: line']],
	['comments only', '# x\n\n', ['1:1: there is no Bootstrap: line']],
	['no header', '%post\n  true\n', ['1:1: a definition begins with a line Bootstrap:']],
	[
		'content before the header',
		'# fine\n  stray words\nBootstrap: scratch\n',
		['2:3: "stray words" stands before the first Bootstrap: line, where nothing may stand'],
	],
	[
		'From before Bootstrap',
		'From: debian\nBootstrap: docker\n',
		[
			'1:1: From: stands before Bootstrap:, with which a definition must begin: move it below',
			'2:1: Bootstrap: docker needs a line From:',
		],
	],
	['Bootstrap and From indented, in any order', '  From: x.sif\n  Bootstrap : localimage\n', []],
	[
		'an indented stage, and one that is not',
		' Bootstrap: scratch\n Stage: a\nBootstrap: scratch\n%files from a\n  /x\n',
		[],
	],
	[
		'an agent in capitals',
		'Bootstrap: Docker\nFrom: x\n',
		['1:12: there is no bootstrap agent Docker: write docker'],
	],
	['no agent', 'Bootstrap:\n', ['1:1: Bootstrap: names no agent']],
	['From empty', 'Bootstrap: docker\nFrom:   # later\n', ['2:1: Bootstrap: docker needs a line From:']],
	[
		'debootstrap without its fields',
		'Bootstrap: debootstrap\n',
		[
			'1:1: Bootstrap: debootstrap needs a line MirrorURL:',
			'1:1: Bootstrap: debootstrap needs a line OSVersion:',
		],
	],
	['busybox without its field', 'Bootstrap: busybox\n', ['1:1: Bootstrap: busybox needs a line MirrorURL:']],
	[
		'unknown header field',
		'Bootstrap: scratch\nFrmo: x\n',
		['2:1: there is no header field frmo: did you mean From?'],
	],
	['otherurl with a number', 'Bootstrap: scratch\nOtherURL12: x\n', []],
	['otherurl without', 'Bootstrap: scratch\nOtherURL: x\n', ['2:1: there is no header field otherurl']],
	[
		'words in the header',
		'Bootstrap: scratch\n\n  run this\n',
		['3:3: "run this" is neither a header field (Key: value) nor in a section'],
	],
	['unknown section', 'Bootstrap: scratch\n%Pst x\n', ['2:1: there is no section %Pst: did you mean %post?']],
	['a section in capitals', 'Bootstrap: scratch\n%POST\n', []],
	[
		'a tab behind the name',
		'Bootstrap: scratch\n%post\t-c x\n',
		['2:1: after %post must come a space, not a tab'],
	],
	[
		'an indented section',
		'Bootstrap: scratch\n  %post\n',
		[expect.stringMatching(/^2:3: %post is indented/)],
	],
	[
		'a line of a script that begins with %',
		'Bootstrap: scratch\n%post\n  date \\\n    %d\n',
		[expect.stringMatching(/^4:5: %d is indented/)],
	],
	[
		'an app section without an app',
		'Bootstrap: scratch\n%apprun\n',
		['2:1: %apprun needs the name of an app: %apprun NAME'],
	],
	[
		'an app section in capitals',
		'Bootstrap: scratch\n%AppRun x\n',
		['2:1: %AppRun must be written in lower case: %apprun'],
	],
	[
		'a stage that is not there',
		'Bootstrap: scratch\n%files from build\n  a b\n',
		['2:1: %files from build: no earlier stage has this name; there is no stage before this one'],
	],
	[
		'a stage that comes later',
		'Bootstrap: scratch\nStage: a\n%files from b\n  x\n\nBootstrap: scratch\nStage: b\n%files from c\n  x\n',
		[
			'3:1: %files from b: no earlier stage has this name; there is no stage before this one',
			'8:1: %files from c: no earlier stage has this name; there are a',
		],
	],
	[
		'two stages of one name',
		'Bootstrap: scratch\nStage: a\nBootstrap: scratch\nStage: a\n',
		['4:1: there are two stages a'],
	],
	[
		'%files with something else',
		'Bootstrap: scratch\n%files build\n  x\n',
		['2:1: %files build: there is only %files, and %files from STAGE'],
	],
	['%files with a comment', 'Bootstrap: scratch\n%files # these\n  x\n', []],
	[
		'docker-daemon',
		'Bootstrap: docker-daemon\nFrom: x:latest\n',
		[expect.stringMatching(/^1:12: the Docker daemon of this machine cannot be reached/)],
	],
	['Windows line ends', 'Bootstrap: docker\r\nFrom: debian\r\n\r\n%post\r\n  true\r\n', []],
	['no line end at the end', 'Bootstrap: scratch\n%post', []],
	[
		'a byte order mark',
		'\uFEFFBootstrap: scratch\n',
		['1:1: a byte order mark stands before the text, which apptainer cannot read'],
	],
])('%s', (_, text, problems) => {
	expect(problemsOf(text)).toEqual(problems);
});

test('nothing makes it throw, and every position is in the text', () => {
	const piece = fc.oneof(
		fc.constantFrom(
			'Bootstrap: docker\n',
			'From: x\n',
			'%files\n',
			'%post\n',
			'%',
			'{{ A }}',
			'{{',
			'}}',
			'#',
			'\\',
			'\n',
			'\r\n',
			' ',
			'\t',
			'"',
			"'",
			':',
			'Stage: a\n',
			'%files from a\n',
			'%arguments\nA=1\n',
			'%appfiles ',
		),
		fc.string({ maxLength: 10 }),
	);
	fc.assert(
		fc.property(
			fc.array(piece, { maxLength: 30 }),
			fc.dictionary(fc.constantFrom('A', 'B'), fc.string()),
			(parts, values) => {
				const text = parts.join('');
				const lines = text.split('\n');
				const { definition, problems } = parseDefinition(text, { arguments: values });
				const positions = [
					...problems,
					...definition.stages.flatMap(({ sections, files }) => [...sections, ...files]),
				];
				for (const { position } of positions) {
					expect(position.line).toBeGreaterThanOrEqual(1);
					expect(position.line).toBeLessThanOrEqual(lines.length);
					expect(position.column).toBeGreaterThanOrEqual(1);
					expect(position.column).toBeLessThanOrEqual((lines[position.line - 1]?.length ?? 0) + 1);
				}
				localFiles(definition);
			},
		),
		{ numRuns: 500 },
	);
});

test('what was written is what is read', () => {
	const word = fc.stringMatching(/^[a-z][a-z0-9/._-]{0,12}$/);
	const stage = fc.record({
		from: fc.stringMatching(/^[a-z]{1,4}([._-][a-z0-9]{1,3}){0,2}(:[a-z0-9][a-z0-9.]{0,4})?$/),
		copies: fc.array(fc.tuple(word, fc.option(word, { nil: undefined })), { maxLength: 4 }),
		post: fc.array(fc.stringMatching(/^[a-z0-9 "$|&;=-]{0,30}$/), { maxLength: 4 }),
		app: fc.option(word, { nil: undefined }),
	});
	fc.assert(
		fc.property(
			fc.array(stage, { minLength: 1, maxLength: 3 }),
			fc.constantFrom('\n', '\r\n'),
			(stages, end) => {
				const text = stages
					.map(({ from, copies, post, app }, index) =>
						[
							'Bootstrap: docker',
							`From: ${from}`,
							`Stage: stage${index}`,
							'%files',
							...copies.map(([source, destination]) => `  ${source} ${destination ?? ''}`),
							...(app === undefined ? [] : [`%apprun ${app}`, '  true']),
							'%post -x',
							...post.map((line) => `  ${line}`),
							'',
						].join(end),
					)
					.join('');
				const { definition, problems } = parseDefinition(text);
				expect(problems).toEqual([]);
				expect(
					definition.stages.map(({ name, header, files, sections }) => ({
						name,
						from: header.get('from')?.value,
						copies: files.map(({ source, destination }) => [source, destination]),
						post: sections.find((section) => section.name === 'post')?.body,
						app: sections.find((section) => section.name === 'apprun')?.app,
					})),
				).toEqual(
					stages.map(({ from, copies, post, app }, index) => ({
						name: `stage${index}`,
						from,
						copies,
						post: post.map((line) => `  ${line}${end}`).join(''),
						app,
					})),
				);
			},
		),
	);
});

test('a long definition takes no long time', () => {
	const line = '    echo "a line of a script with {{ NAME }} in it" # and a comment\n';
	const text = `Bootstrap: scratch\n%post\n${line.repeat(10_000)}%files\n${'  a b\n'.repeat(10_000)}`;
	const { definition, problems } = parseDefinition(text, { arguments: { NAME: 'value' } });
	expect(problems).toEqual([]);
	expect(definition.stages[0]?.files).toHaveLength(10_000);
});
