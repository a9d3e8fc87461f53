// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a Dockerfile's variables.
import { formatProblems, type ReadRecipeOptions, readRecipe } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

async function problemsOf(text: string, options?: ReadRecipeOptions): Promise<readonly string[]> {
	return formatProblems('', (await readRecipe(text, options)).problems).map((line) => line.slice(1));
}

describe('what is wrong with a definition', () => {
	test.each<[string, string, readonly string[], Readonly<Record<string, string>>?]>([
		['empty', '', ['1:1: error: there is no Bootstrap: line']],
		[
			'an agent that is misspelt',
			'Bootstrap: dokcer\nFrom: x\n',
			['1:12: error: there is no bootstrap agent dokcer: did you mean docker?'],
		],
		[
			'an agent in capitals',
			'Bootstrap: LocalImage\nFrom: x\n',
			['1:12: error: there is no bootstrap agent LocalImage: write localimage'],
		],
		[
			'an agent like none',
			'Bootstrap: conda\n',
			[expect.stringMatching(/^1:12: error: there is no bootstrap agent conda: there are docker, oras, /)],
		],
		[
			'docker without From',
			'Bootstrap: docker\n%post\n',
			['1:1: error: Bootstrap: docker needs a line From:'],
		],
		['oras without From', 'Bootstrap: oras\n', ['1:1: error: Bootstrap: oras needs a line From:']],
		[
			'localimage without From',
			'Bootstrap: localimage\n',
			['1:1: error: Bootstrap: localimage needs a line From:'],
		],
		[
			'yum without MirrorURL',
			'Bootstrap: yum\nOSVersion: 9\n',
			['1:1: error: Bootstrap: yum needs a line MirrorURL:'],
		],
		[
			'yum without the version that its address needs',
			'Bootstrap: dnf\nMirrorURL: http://x.example/%{osversion}/\n',
			['2:12: error: %{OSVERSION} needs a line OSVersion:'],
		],
		[
			'debootstrap with one field',
			'Bootstrap: debootstrap\nOSVersion: trixie\nMirrorURL:\n',
			['3:1: error: Bootstrap: debootstrap needs a line MirrorURL:'],
		],
		[
			'arch',
			'Bootstrap: arch\n',
			['1:12: error: builders have no pacstrap: write Bootstrap: docker and From: archlinux'],
		],
		[
			'zypper',
			'Bootstrap: zypper\n',
			['1:12: error: builders have no zypper: write Bootstrap: docker and From: opensuse/leap'],
		],
		[
			'docker-daemon',
			'Bootstrap: docker-daemon\nFrom: x:1\n',
			[
				'1:12: error: the Docker daemon of this machine cannot be reached from a builder: docker save the image, and use docker-archive',
			],
		],
		[
			'library without a library',
			'Bootstrap: library\nFrom: alpine\n',
			[
				'2:7: error: apptainer knows no library unless it is told: add a line Library: https://library.sylabs.io, or the one that you mean',
			],
		],
		[
			'library with one',
			'Bootstrap: library\nFrom: library://alpine\nLibrary: https://library.example\n',
			[],
		],
		[
			'Singularity Hub',
			'Bootstrap: shub\nFrom: team/app\n',
			[
				'2:7: error: Singularity Hub is closed since 2021: find the image at another place, or name a registry that serves it (From: HOST/PATH)',
			],
		],
		['another hub', 'Bootstrap: shub\nFrom: hub.example/team/app\n', []],
		[
			'the agent once more',
			'Bootstrap: docker\nFrom: docker://debian:12\n',
			['2:7: error: Bootstrap: docker says it already: write From: debian:12'],
		],
		[
			'slashes of an agent',
			'Bootstrap: docker\nFrom: //debian\n',
			['2:7: error: Bootstrap: docker says it already: write From: debian'],
		],
		[
			'another agent in From',
			'Bootstrap: docker\nFrom: oras://registry.example/x\n',
			[
				'2:7: error: Bootstrap: docker takes no oras:// here: write Bootstrap: oras and From: registry.example/x',
			],
		],
		[
			'an address for a file',
			'Bootstrap: localimage\nFrom: docker://debian\n',
			[
				'2:7: error: Bootstrap: localimage takes a file: for docker://debian write Bootstrap: docker and From: debian',
			],
		],
		[
			'an image in capitals',
			'Bootstrap: docker\nFrom: Debian:12\n',
			[
				'2:7: error: Debian:12 cannot be the name of an image: registries know no capital letters, write debian:12',
			],
		],
		[
			'a namespace in capitals',
			'Bootstrap: docker\nRegistry: registry.example\nNamespace: Team\nFrom: app\n',
			[
				'4:7: error: registry.example/Team/app cannot be the name of an image: registries know no capital letters, write registry.example/team/app',
			],
		],
		[
			'an empty tag',
			'Bootstrap: docker\nFrom: debian:\n',
			['2:7: error: debian: cannot be the name of an image: the tag after the colon is empty'],
		],
		[
			'half a digest',
			'Bootstrap: docker\nFrom: debian@sha256:abc\n',
			[
				'2:7: error: debian@sha256:abc cannot be the name of an image: sha256:abc is no digest (sha256: and 64 hexadecimal digits)',
			],
		],
		[
			'oras without a registry',
			'Bootstrap: oras\nFrom: image:1\n',
			['2:7: error: Bootstrap: oras needs the registry too: From: HOST/image:1'],
		],
		[
			'a variable without a value in From',
			'Bootstrap: docker\nFrom: debian:{{ TAG }}\n',
			['2:14: error: the argument TAG has no value: give --build-arg TAG=VALUE, or a default in %arguments'],
		],
		[
			'a variable without a value for the agent',
			'Bootstrap: {{ AGENT }}\nFrom: x\n',
			[
				'1:12: error: the argument AGENT has no value: give --build-arg AGENT=VALUE, or a default in %arguments',
			],
		],
		[
			'a build argument that is misspelt',
			'Bootstrap: docker\nFrom: {{ BASE }}\n%arguments\n  BASE=debian\n',
			['1:1: error: the definition does not use the build argument BSAE: did you mean BASE?'],
			{ BSAE: 'x' },
		],
		[
			'a build argument too many',
			'Bootstrap: scratch\n%post\n echo {{ A }}\n',
			['1:1: error: the definition does not use the build argument SOMETHING: it uses A'],
			{ A: '1', SOMETHING: 'x' },
		],
		[
			'a build argument for nothing',
			'Bootstrap: scratch\n',
			['1:1: error: the definition does not use the build argument A: it has no {{ NAME }}'],
			{ A: '1' },
		],
		[
			'a misspelt section',
			'Bootstrap: scratch\n%lables\n A b\n',
			['2:1: error: there is no section %lables: did you mean %labels?'],
		],
		[
			'a misspelt section of an app',
			'Bootstrap: scratch\n%apprum x\n',
			['2:1: error: there is no section %apprum: did you mean %apprun?'],
		],
		[
			'a section like none',
			'Bootstrap: scratch\n%something\n',
			['2:1: error: there is no section %something'],
		],
		[
			'an app without a name',
			'Bootstrap: scratch\n%appinstall\n true\n',
			['2:1: error: %appinstall needs the name of an app: %appinstall NAME'],
		],
		[
			'an app after two blanks',
			'Bootstrap: scratch\n%apprun  x\n true\n',
			['2:1: error: between %apprun and x must stand one space, no more'],
		],
		[
			'an app after a tab',
			'Bootstrap: scratch\n%apprun\tx\n true\n',
			['2:1: error: after %apprun must come a space, not a tab'],
		],
		[
			'a section twice',
			'Bootstrap: scratch\n%post\n a\n%post\n b\n',
			['4:1: warning: %post stands in line 2 already: this is added to it'],
		],
		[
			'a section twice for another shell',
			'Bootstrap: scratch\n%post\n a\n%post -c /bin/bash\n b\n',
			['4:1: warning: %post stands in line 2 already: this is added to it, all of it run with -c /bin/bash'],
		],
		[
			'a section of one app twice',
			'Bootstrap: scratch\n%apprun x\n a\n%apprun y\n b\n%apprun x\n c\n',
			['6:1: warning: %apprun x stands in line 2 already: this is added to it'],
		],
		['files twice', 'Bootstrap: scratch\n%files\n a\n%files\n b\n', []],
		[
			'a field twice',
			'Bootstrap: docker\nFrom: a\nfrom: b\n',
			['3:1: warning: From stands in line 2 already: this one counts'],
		],
		[
			'a misspelt field',
			'Bootstrap: debootstrap\nMirorURL: http://x.example\nMirrorURL: http://x.example\nOSVersion: x\n',
			['2:1: error: there is no header field mirorurl: did you mean MirrorURL?'],
		],
		[
			'a field that goes on in a comment',
			'Bootstrap: scratch\nInclude: a \\\n# b\n%post\n',
			['2:1: error: Include ends with \\, and the next line does not go on with it'],
		],
		[
			'a field that goes on in no line',
			'Bootstrap: scratch\nInclude: a \\\n%post\n',
			['2:1: error: Include ends with \\, and the next line does not go on with it'],
		],
		[
			'From first',
			'# x\nFrom: debian\nBootstrap: docker\n',
			[
				'2:1: error: From: stands before Bootstrap:, with which a definition must begin: move it below',
				'3:1: error: Bootstrap: docker needs a line From:',
			],
		],
		[
			'arguments without a value',
			'Bootstrap: scratch\n%arguments\n # x\n A=1\n  what is this\n%post\n echo {{ A }}\n',
			['5:3: warning: "what is this" is not NAME=value: it is skipped'],
		],
		[
			'files from a stage that is not there',
			'Bootstrap: scratch\nStage: build\n\nBootstrap: scratch\n%files from biuld\n a\n',
			['5:1: error: %files from biuld: no earlier stage has this name; did you mean build?'],
		],
		[
			'several things, in order',
			"Bootstrap: docker\nFrom: {{ A }}\nFoo: x\n%pst\n%files\n  'a' b\n",
			[
				'2:7: error: the argument A has no value: give --build-arg A=VALUE, or a default in %arguments',
				'3:1: error: there is no header field foo',
				'4:1: error: there is no section %pst: did you mean %post?',
				'6:3: error: apptainer does not understand single quotes in %files: use double quotes',
			],
		],
		[
			'Windows line ends and a byte order mark',
			'\uFEFFBootstrap: docker\r\nFrom: debian\r\n%pots\r\n',
			['3:1: error: there is no section %pots: did you mean %post?'],
		],
	])('%s', async (_, text, expected, values) => {
		expect(await problemsOf(text, { arguments: values, kind: 'apptainer' })).toEqual(expected);
	});
});

describe('what a definition asks for', () => {
	test('bases of each stage, each once, arguments filled in', async () => {
		const recipe = await readRecipe(
			`Bootstrap: docker
From: debian:{{ TAG }}
Stage: one
%arguments
    TAG=12

Bootstrap: docker
Registry: registry.example:5000
Namespace: team/tools
From: app
Stage: two

Bootstrap: docker
From: docker.io/library/debian:12

Bootstrap: oras
From: registry.example/sif/image:1

Bootstrap: localimage
From: base.sif
%files
    a b
%appfiles tool
    c
`,
		);
		expect(recipe.problems).toEqual([]);
		expect(recipe.kind).toBe('apptainer');
		expect(recipe.bases).toEqual([
			{
				transport: 'docker',
				reference: 'docker.io/library/debian:12',
				registry: 'docker.io',
				position: { line: 2, column: 7 },
			},
			{
				transport: 'docker',
				reference: 'registry.example:5000/team/tools/app:latest',
				registry: 'registry.example:5000',
				position: { line: 10, column: 7 },
			},
			{
				transport: 'oras',
				reference: 'registry.example/sif/image:1',
				registry: 'registry.example',
				position: { line: 17, column: 7 },
			},
		]);
		expect(recipe.context).toEqual({
			kind: 'paths',
			files: [
				{ path: 'base.sif', use: 'image', wildcards: false, position: { line: 20, column: 7 } },
				{ path: 'a', use: 'files', wildcards: true, position: { line: 22, column: 5 } },
				{ path: 'c', use: 'files', wildcards: false, position: { line: 24, column: 5 } },
			],
		});
		expect(recipe.nativeOnly).toBeUndefined();
	});

	test.each(['debootstrap', 'yum', 'dnf', 'busybox'])(
		'%s is for its own architecture only',
		async (agent) => {
			const recipe = await readRecipe(
				`Bootstrap: scratch\n\nBootstrap: ${agent}\nMirrorURL: http://x.example/\nOSVersion: 1\n`,
			);
			expect(recipe.problems).toEqual([]);
			expect(recipe.nativeOnly).toEqual({ agent, position: { line: 3, column: 12 } });
			expect(recipe.context).toEqual({ kind: 'none' });
		},
	);

	test('secrets, where they are offered', async () => {
		const recipe = await readRecipe(`Bootstrap: scratch
%setup
    cat /run/secrets/not-here
%post
    curl -H "$(cat /run/secrets/token)" && cat /run/secrets/a.b_c-d. "/run/secrets/{{ ID }}"
    cat /run/secrets/ /run/secretsx
%appinstall tool
    . /run/secrets/app
%runscript
    cat /run/secrets/nor-here
%arguments
    ID=other
`);
		expect([...recipe.secretIds].sort()).toEqual(['a.b_c-d', 'app', 'other', 'token']);
	});

	test('what is broken has no base, and everything else', async () => {
		const recipe = await readRecipe('Bootstrap: docker\nFrom: Debian\n%files\n a\n', {
			architecture: 'arm64',
			target: 'x',
		});
		expect(recipe.bases).toEqual([]);
		expect(recipe.context).toMatchObject({ kind: 'paths' });
	});
});

const PIECES = [
	'Bootstrap: docker\n',
	'bootstrap : oras\n',
	'From: debian\n',
	'From: ',
	'FROM debian AS a\n',
	'FROM $A\n',
	'FROM ${A:-b}\n',
	'ARG A=1\n',
	'ARG ',
	'COPY --from=a b c\n',
	'COPY <<EOF /x\n',
	'EOF\n',
	'RUN --mount=type=secret,id=x true\n',
	'RUN \\\n',
	'# escape=`\n',
	'ONBUILD ',
	'ENV A="b\n',
	'LABEL ',
	'HEALTHCHECK --interval=',
	'EXPOSE 80/',
	'[',
	'"',
	"'",
	'`',
	'%files\n',
	'%files from a\n',
	'%post\n',
	'%arguments\nA=1\n',
	'{{ A }}',
	'${',
	'}',
	':',
	'@',
	'=',
	'#',
	'\\',
	'\n',
	'\r\n',
	' ',
	'\t',
	'\uFEFF',
];

test('whatever the text, there is a recipe, and every place is in the text', async () => {
	const piece = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 8 }));
	await fc.assert(
		fc.asyncProperty(
			fc.array(piece, { maxLength: 25 }),
			fc.constantFrom<ReadRecipeOptions['kind']>('apptainer', 'dockerfile', undefined),
			fc.dictionary(fc.constantFrom('A', 'B', 'TARGETARCH'), fc.string({ maxLength: 5 })),
			fc.option(fc.constantFrom('a', '0', 'x'), { nil: undefined }),
			async (parts, kind, values, target) => {
				const text = parts.join('');
				const lines = text.split('\n');
				const recipe = await readRecipe(text, { kind, arguments: values, target, architecture: 'amd64' });
				const files = recipe.context.kind === 'paths' ? recipe.context.files : [];
				for (const { position } of [...recipe.problems, ...recipe.bases, ...files]) {
					expect(position.line).toBeGreaterThanOrEqual(1);
					expect(position.line).toBeLessThanOrEqual(lines.length);
					expect(position.column).toBeGreaterThanOrEqual(1);
					expect(position.column).toBeLessThanOrEqual((lines[position.line - 1]?.length ?? 0) + 1);
				}
			},
		),
		{ numRuns: 1500 },
	);
});
