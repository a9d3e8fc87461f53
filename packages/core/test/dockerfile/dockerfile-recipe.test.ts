// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a Dockerfile's variables.
import { formatProblems, type ReadRecipeOptions, readRecipe } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';

type Options = Omit<ReadRecipeOptions, 'kind'>;

async function problemsOf(text: string, options?: Options): Promise<readonly string[]> {
	const { problems } = await readRecipe(text, { kind: 'dockerfile', ...options });
	return formatProblems('', problems).map((line) => line.slice(1));
}

async function basesOf(text: string, options?: Options): Promise<readonly string[]> {
	return (await readRecipe(text, { kind: 'dockerfile', ...options })).bases.map(({ reference }) => reference);
}

const UNSET_OUTSIDE = 'declare it before the first FROM';

describe('what is wrong with a Dockerfile', () => {
	test.each<[string, string, readonly string[], Options?]>([
		['empty', '', ['1:1: error: there is no FROM: the first instruction names the image to build from']],
		[
			'ARG only',
			'ARG A\n',
			['1:1: error: there is no FROM: the first instruction names the image to build from'],
		],
		[
			'no FROM',
			'RUN true\n',
			['1:1: error: there is no FROM: the first instruction names the image to build from'],
		],
		[
			'something before FROM',
			'LABEL a=b\nFROM scratch\n',
			['1:1: error: only ARG may stand before the first FROM'],
		],
		['FROM of nothing', 'FROM\n', ['1:1: error: nothing follows FROM']],
		[
			'FROM with a comment',
			'FROM debian # stable\n',
			['1:13: error: a comment must stand on a line of its own'],
		],
		[
			'FROM without AS',
			'FROM debian build\n',
			['1:13: error: FROM takes an image, and a name for the stage: FROM IMAGE AS NAME'],
		],
		[
			'an unknown instruction',
			'FROM debian\nRNU true\n',
			['2:1: error: there is no instruction RNU: did you mean RUN?'],
		],
		[
			'an instruction like none',
			'FROM debian\n\nApt-get install x\n',
			['3:1: error: there is no instruction Apt-get'],
		],
		[
			'a forgotten backslash',
			'FROM debian\nRUN apt-get update && \\\n  apt-get install -y\n  git\n',
			['4:3: error: there is no instruction git'],
		],
		[
			'an image in capitals',
			'FROM Debian\n',
			['1:6: error: Debian cannot be the name of an image: registries know no capital letters, write debian'],
		],
		[
			'an empty tag',
			'FROM debian:\n',
			['1:6: error: debian: cannot be the name of an image: the tag after the colon is empty'],
		],
		[
			'a variable that is not declared',
			'FROM debian:$TAG\n',
			[`1:6: error: the variable TAG is not set here: ${UNSET_OUTSIDE} (ARG TAG=VALUE)`],
		],
		[
			'a variable that is declared too late',
			'FROM debian AS a\nARG TAG=12\nFROM debian:$TAG\nCOPY --from=a /x /\n',
			[`3:6: error: the variable TAG is not set here: ${UNSET_OUTSIDE} (ARG TAG=VALUE)`],
		],
		[
			'a variable without a value',
			'ARG TAG\nFROM debian:${TAG}\n',
			['2:6: error: the variable TAG has no value: give --build-arg TAG=VALUE, or a default (ARG TAG=VALUE)'],
		],
		[
			'a variable that is empty',
			'ARG BASE=\nFROM $BASE\n',
			['2:6: error: FROM $BASE names nothing: its variables are empty'],
		],
		[
			'a variable without an end',
			'ARG A=1\nFROM debian:${A\n',
			['2:6: error: debian:${A has a variable without an end'],
		],
		['a variable that must be set', 'ARG A\nFROM debian:${A:?}\n', ['2:6: error: A must be set']],
		[
			'a target that is not there',
			'FROM debian AS build\nFROM debian AS test\n',
			['1:1: error: there is no stage final to build: there are build, test'],
			{ target: 'final' },
		],
		[
			'a target that is misspelt',
			'# x\nFROM debian AS build\n',
			['2:1: error: there is no stage biuld to build: did you mean build?'],
			{ target: 'biuld' },
		],
		[
			'a target where no stage has a name',
			'FROM debian\nFROM debian\n',
			['1:1: error: there is no stage 2 to build: no stage has a name, they are counted from 0 to 1'],
			{ target: '2' },
		],
		[
			'a stage in other letters',
			'FROM debian AS build\nFROM debian\nCOPY --from=Build /a /\n',
			['3:13: error: there is no stage Build: write build, buildah minds capital letters'],
		],
		[
			'FROM a stage in other letters',
			'FROM debian AS Build\nFROM build\n',
			['2:6: error: there is no stage build: write Build, buildah minds capital letters'],
		],
		[
			'a stage that comes later',
			'FROM debian\nCOPY --from=b /a /\nFROM debian AS b\nFROM debian\nCOPY --from=0 /a /\n',
			['2:13: error: the stage b does not stand before this one: only from earlier stages can be copied'],
		],
		[
			'a number of no stage',
			'FROM debian\nCOPY --from=1 /a /\n',
			['2:13: error: there is no stage 1: before this one there are 0, counted from 0'],
		],
		[
			'two stages of one name',
			'FROM debian AS a\nFROM debian AS a\n',
			['2:16: error: there are two stages a'],
		],
		[
			'a name that Docker does not take',
			'FROM debian AS 1a\n',
			[
				'1:16: warning: invalid name for build stage: "1a", name can\'t start with a number or contain symbols',
			],
		],
		[
			'a number for a stage with a name, in a mount',
			'FROM debian AS b\nFROM debian\nRUN --mount=from=0,target=/x true\n',
			['3:13: error: buildah does not find the stage 0 here: write from=b'],
		],
		[
			'a variable for a stage, in a mount',
			'ARG B=b\nFROM debian AS b\nFROM debian\nARG B\nRUN --mount=from=$B,target=/x true\n',
			['5:13: error: buildah does not find the stage $B here: write from=b'],
		],
		[
			'a variable for a stage that buildah sees too late',
			'FROM debian AS b\nFROM debian\nARG B=b\nCOPY --from=$B /a /\n',
			['4:13: error: $B must be known before the first FROM too: declare it there (ARG NAME=VALUE)'],
		],
		[
			'a variable in --from that is not declared',
			'FROM debian\nCOPY --from=$B /a /\n',
			['2:13: error: the variable B is not set here: declare it in this stage (ARG B=VALUE)'],
		],
		[
			'nothing in --from',
			'FROM debian\nCOPY --from= a /\n',
			['2:6: error: --from needs the name of a stage or an image'],
		],
		[
			'a flag that buildah refuses',
			'FROM debian\nCOPY --link a /\n',
			['2:6: error: buildah has no COPY --link: leave it out, the image is the same without'],
		],
		['the same, switched off', 'FROM debian\nCOPY --link=false a /\n', []],
		[
			'an unknown flag',
			'FROM debian\nADD --chwon=0 a /\n',
			['2:5: error: ADD has no flag --chwon: did you mean --chown?'],
		],
		[
			'a flag of RUN',
			'FROM debian\nRUN --security=insecure true\n',
			['2:5: error: buildah has no RUN --security: leave it out'],
		],
		[
			'a mount of no type',
			'FROM debian\nRUN --mount=type=scret,id=a true\n',
			['2:5: error: there is no mount of type scret: did you mean secret?'],
		],
		[
			'a secret without an id',
			'FROM debian\nRUN --mount=type=secret,target=/x true\n',
			['2:13: error: a secret needs an id: type=secret,id=NAME'],
		],
		[
			'an SSH agent',
			'FROM debian\nRUN --mount=type=ssh true\n',
			[
				'2:13: warning: there is no SSH agent on a builder: give what the step needs as a secret (type=secret,id=NAME)',
			],
		],
		[
			'an SSH agent that must be',
			'FROM debian\nRUN --mount=type=ssh,required true\n',
			[
				'2:13: error: there is no SSH agent on a builder: give what the step needs as a secret (type=secret,id=NAME)',
			],
		],
		[
			'a mode in letters',
			'FROM debian\nCOPY --chmod=u+x a /\n',
			['2:6: error: buildah takes only octal numbers for --chmod: u+x is none'],
		],
		[
			'an address for COPY',
			'FROM debian\nCOPY https://x.example/a /\n',
			['2:6: error: COPY takes no address (https://x.example/a): that is what ADD is for'],
		],
		[
			'COPY without a destination',
			'FROM debian\nCOPY a\n',
			['2:6: error: COPY requires at least two arguments'],
		],
		['ENV without a value', 'FROM debian\nENV A\n', ['2:5: error: ENV needs a name and a value: NAME=VALUE']],
		[
			'LABEL without a value',
			'FROM debian\nlabel a\n',
			['2:7: error: label needs a name and a value: NAME=VALUE'],
		],
		[
			'SHELL that is no JSON',
			'FROM debian\nSHELL /bin/sh\n',
			['2:7: error: SHELL requires the arguments to be in JSON form'],
		],
		[
			'JSON in single quotes',
			"FROM debian\nCMD ['a']\n",
			[
				'2:5: warning: Instruction written as a JSON array but is using single quotes instead of double quotes',
			],
		],
		[
			'two commands',
			'FROM debian\nCMD a\nCMD b\n',
			[
				'2:1: warning: There can only be one CMD instruction in a Dockerfile or build stage. Only the last one will have an effect.',
			],
		],
		[
			'an empty line that is continued',
			'FROM debian\nRUN a \\\n\n  b\n',
			['3:1: warning: Empty continuation line'],
		],
		[
			'ONBUILD FROM',
			'FROM debian\nONBUILD FROM x\n',
			["2:9: error: FROM isn't allowed as an ONBUILD trigger"],
		],
		['a strange escape', '# escape=x\nFROM debian\n', ["1:10: error: invalid ESCAPE 'x'. Must be ` or \\"]],
		[
			'a build argument for no ARG',
			'ARG TAG=1\nFROM debian:$TAG\n',
			['1:1: warning: no ARG takes the build argument TGA: did you mean TAG?'],
			{ arguments: { TGA: '2', http_proxy: 'x', TARGETARCH: 'y' } },
		],
		[
			'an image that is not in a registry',
			'FROM oci-archive:base.tar\n',
			['1:6: error: oci-archive:base.tar is not in a registry: a base must be, or be an earlier stage'],
		],
		[
			'Windows line ends',
			'# x\r\nFROM debian\r\nRNU \\\r\n  a\r\n',
			['3:1: error: there is no instruction RNU: did you mean RUN?'],
		],
	])('%s', async (_, text, expected, options) => {
		expect(await problemsOf(text, options)).toEqual(expected);
	});

	test('what nobody needs is not looked up', async () => {
		const text = 'FROM debian:$UNSET AS unused\nCOPY --from=Nobody /a /\nFROM debian\n';
		expect(await problemsOf(text)).toEqual([]);
		expect(await basesOf(text)).toEqual(['docker.io/library/debian:latest']);
	});
});

test.each<[string, string]>([
	['lower case, indentation, tabs', '  from\tscratch as a\n\tcopy --chmod=0755 x /\n'],
	[
		'heredocs',
		`FROM debian
RUN <<EOF
FROM Nothing
COPY --link
EOF
RUN <<-'A' bash && cat <<B
	\${X:=nothing}
	A
RNU
B
COPY <<one <<"two" /d/
FROM Nothing
one
RNU
two
`,
	],
	['patterns in variables', 'FROM debian\nARG X=abc\nLABEL a=${X#a} b=${X%%c*} c=${X/b/d}\n'],
	['escape', '# escape=`\nFROM debian\nRUN a `\n  b\nCOPY a `\n  b c:\\\n'],
	['syntax', '# syntax=docker/dockerfile:1\n# check=skip=all\nFROM debian\n'],
	[
		'relative WORKDIR, MAINTAINER, shell form',
		'FROM debian\nMAINTAINER me\nWORKDIR a\nENTRYPOINT a $B ${C-d}\n',
	],
	[
		'flags',
		'FROM --platform=$BUILDPLATFORM debian\nRUN --network=none --mount=type=cache,target=/x --mount=type=tmpfs,target=/y true\nADD --checksum=sha256:0 --chown=1:2 https://x.example/a /\nHEALTHCHECK --interval=5s CMD true\n',
	],
	['names of stages with variables', 'ARG N=x\nFROM debian AS stage-$N\nFROM stage-x\n'],
	['comments between lines', 'FROM debian\nRUN a \\\n  # comment\n  && b\n'],
	[
		'EXPOSE, VOLUME, STOPSIGNAL, USER',
		'FROM debian\nARG P=80\nEXPOSE 80/tcp 8000-8010 $P\nVOLUME ["/a"]\nVOLUME /b /c\nSTOPSIGNAL SIGTERM\nUSER $P:0\n',
	],
])('nothing is wrong with %s', async (_, text) => {
	expect(await problemsOf(text)).toEqual([]);
});

describe('bases', () => {
	test.each<[string, string, readonly string[], Options?]>([
		['one', 'FROM debian\n', ['docker.io/library/debian:latest']],
		['scratch', 'FROM scratch\n', []],
		[
			'a digest beside a tag',
			`FROM debian:12@sha256:${'a'.repeat(64)} AS x\n`,
			[`docker.io/library/debian@sha256:${'a'.repeat(64)}`],
		],
		['docker:// in front', 'FROM docker://registry.example/x\n', ['registry.example/x:latest']],
		[
			'stages that need one another',
			'FROM golang:1 AS build\nFROM build AS test\nFROM alpine\nCOPY --from=build /a /\n',
			['docker.io/library/alpine:latest', 'docker.io/library/golang:1'],
		],
		[
			'unused stages',
			'FROM golang AS build\nFROM node AS web\nFROM alpine\nCOPY --from=web /a /\n',
			['docker.io/library/alpine:latest', 'docker.io/library/node:latest'],
		],
		[
			'a target',
			'FROM golang AS build\nFROM alpine\nCOPY --from=build /a /\n',
			['docker.io/library/golang:latest'],
			{ target: 'build' },
		],
		[
			'a target by number',
			'FROM golang\nFROM alpine\n',
			['docker.io/library/golang:latest'],
			{ target: '0' },
		],
		[
			'a stage by number',
			'FROM golang\nFROM alpine\nCOPY --from=0 /a /\n',
			['docker.io/library/alpine:latest', 'docker.io/library/golang:latest'],
		],
		['FROM a stage without a name', 'FROM golang\nFROM 0\n', ['docker.io/library/golang:latest']],
		[
			'a later stage of an earlier name',
			'FROM golang AS golang\nFROM golang\n',
			['docker.io/library/golang:latest'],
		],
		[
			'images that are copied from',
			'FROM alpine\nCOPY --from=nginx:1 --chown=0 /a /\nRUN --mount=type=bind,from=localhost:5000/tools,target=/t /t/x\nRUN --mount=from=busybox,target=/b --mount=type=cache,from=base,target=/c true\n',
			[
				'docker.io/library/alpine:latest',
				'docker.io/library/nginx:1',
				'localhost:5000/tools:latest',
				'docker.io/library/busybox:latest',
				'docker.io/library/base:latest',
			],
		],
		[
			'stages that are mounted',
			'FROM golang AS a\nFROM node AS b\nFROM alpine\nRUN --mount=from=a,target=/a \\\n  --mount=type=cache,from=b,target=/b true\n',
			['docker.io/library/alpine:latest', 'docker.io/library/node:latest', 'docker.io/library/golang:latest'],
		],
		[
			'each once',
			'FROM debian AS a\nFROM debian:latest\nCOPY --from=a /a /\nCOPY --from=docker.io/debian /a /\n',
			['docker.io/library/debian:latest'],
		],
		[
			'defaults',
			'ARG NAME=debian\nARG TAG=${UNSET:-12}\nFROM $NAME:"$TAG"\n',
			['docker.io/library/debian:12'],
		],
		[
			'defaults from others',
			'ARG R=registry.example\nARG BASE=$R/team/base:1 X=y\nFROM ${BASE}\n',
			['registry.example/team/base:1'],
		],
		[
			'values that were given',
			'ARG TAG=12\nARG SUFFIX\nFROM debian:${TAG}${SUFFIX:+-$SUFFIX}\n',
			['docker.io/library/debian:13-slim'],
			{ arguments: { TAG: '13', SUFFIX: 'slim' } },
		],
		['values of nothing', 'ARG SUFFIX\nFROM debian:12${SUFFIX:+-$SUFFIX}\n', ['docker.io/library/debian:12']],
		[
			'an ARG of a stage is not one before it',
			'ARG TAG=1\nFROM debian:$TAG AS a\nARG TAG=2\nFROM debian:$TAG\n',
			['docker.io/library/debian:1'],
		],
		[
			'a stage by a variable',
			'ARG S=a\nFROM golang AS a\nFROM alpine\nARG S\nCOPY --from=$S /a /\n',
			['docker.io/library/alpine:latest', 'docker.io/library/golang:latest'],
		],
		[
			'a stage by a variable in FROM',
			'ARG KIND=gpu\nFROM debian AS base-cpu\nFROM nvidia/cuda:12 AS base-gpu\nFROM base-$KIND\n',
			['docker.io/nvidia/cuda:12'],
		],
		[
			'the platform',
			'FROM registry.example/$TARGETOS-${TARGETARCH}\n',
			['registry.example/linux-ppc64le:latest'],
			{ architecture: 'ppc64le' },
		],
		[
			'the platform, declared',
			'ARG TARGETARCH\nFROM debian:$TARGETARCH\n',
			['docker.io/library/debian:arm64'],
			{ architecture: 'arm64' },
		],
		[
			'the platform in a stage',
			'FROM alpine\nARG TARGETARCH\nRUN --mount=from=x/$TARGETARCH,target=/x true\n',
			['docker.io/library/alpine:latest', 'docker.io/x/amd64:latest'],
			{ architecture: 'amd64' },
		],
		[
			'images by variables of the stage',
			'FROM alpine\nARG TAG=1\nCOPY --from=nginx:$TAG /a /\nRUN --mount=from=busybox:${TAG},target=/x true\n',
			['docker.io/library/alpine:latest', 'docker.io/library/nginx:1', 'docker.io/library/busybox:1'],
		],
		[
			'a stage without a name, mounted by its number',
			'FROM golang\nFROM alpine\nRUN --mount=from=0,target=/x true\n',
			['docker.io/library/alpine:latest', 'docker.io/library/golang:latest'],
		],
		[
			'the platform, unknown',
			'FROM debian:$TARGETARCH AS a\nFROM alpine\nCOPY --from=a /a /\n',
			['docker.io/library/alpine:latest'],
		],
		[
			'the machine, unknown',
			'FROM x-$BUILDARCH AS a\nFROM alpine\nCOPY --from=a /a /\n',
			['docker.io/library/alpine:latest'],
			{ architecture: 'amd64' },
		],
	])('%s', async (_, text, expected, options) => {
		expect(await basesOf(text, options)).toEqual(expected);
	});

	test('each where it is named', async () => {
		const { bases, kind } = await readRecipe(
			'# syntax=docker/dockerfile:1\n\nFROM --platform=linux/amd64 registry.example:5000/a AS x\nCOPY --chmod=755 \\\n  --from=b /c /\n',
		);
		expect(kind).toBe('dockerfile');
		expect(bases).toEqual([
			{
				transport: 'docker',
				reference: 'registry.example:5000/a:latest',
				registry: 'registry.example:5000',
				position: { line: 3, column: 29 },
				otherPlatform: true,
			},
			{
				transport: 'docker',
				reference: 'docker.io/library/b:latest',
				registry: 'docker.io',
				position: { line: 5, column: 10 },
			},
		]);
	});

	test('of another platform only where each FROM says so', async () => {
		const { bases } = await readRecipe(
			'FROM --platform=linux/amd64 a AS x\nFROM a\nFROM --platform=$BUILDPLATFORM b AS y\nFROM --platform=linux/amd64 b\nCOPY --from=x / /x\nCOPY --from=y / /y\nCOPY --from=1 / /z\n',
			{ kind: 'dockerfile' },
		);
		expect(bases.map(({ reference, otherPlatform }) => [reference, otherPlatform])).toEqual([
			['docker.io/library/b:latest', true],
			['docker.io/library/a:latest', undefined],
		]);
	});
});

test.each<[string, 'directory' | 'none']>([
	['FROM a\nCOPY x /\n', 'directory'],
	['FROM a\nADD x /\n', 'directory'],
	['FROM a\nCOPY ["x y", "/"]\n', 'directory'],
	['FROM a\nCOPY --chown=1:1 $X /\n', 'directory'],
	['FROM a\nRUN --mount=type=bind,target=/x true\n', 'directory'],
	['FROM a\nRUN --mount=target=/x true\n', 'directory'],
	['FROM a\nCOPY <<E x /d/\nhello\nE\n', 'directory'],
	['FROM a\nADD https://x.example/a b /\n', 'directory'],
	['FROM a AS b\nCOPY x /\nFROM c\nCOPY --from=b x /\n', 'directory'],
	['FROM a\n', 'none'],
	['FROM a\nRUN true\n', 'none'],
	['FROM a\nCOPY --from=b x /\n', 'none'],
	['FROM a\nADD https://x.example/a.git#v1 /\nADD git@x.example:a/b.git /\n', 'none'],
	['FROM a\nADD ["https://x.example/a", "/"]\n', 'none'],
	['FROM a\nCOPY <<A <<B /d/\nCOPY x /\nA\nB\n', 'none'],
	['FROM a\nCOPY <<A /d\nsome words here\nA\n', 'none'],
	['FROM a\nRUN <<E\nCOPY x /\nE\n', 'none'],
	['FROM a\nRUN --mount=type=secret,id=x --mount=type=cache,target=/y true\n', 'none'],
	['FROM a\nRUN --mount=type=bind,from=b,target=/x true\n', 'none'],
	['FROM a AS b\nCOPY x /\nFROM c\n', 'none'],
	['FROM a\nONBUILD COPY x /\n', 'none'],
])('%j: context %s', async (text, kind) => {
	expect((await readRecipe(text, { kind: 'dockerfile' })).context.kind).toBe(kind);
});

test('secrets of the stages that are built', async () => {
	const text = `FROM a AS unused
RUN --mount=type=secret,id=not-this true
FROM a
RUN --mount=type=secret,id=token --mount=id=b.c,type=secret,target=/x \\
    cat /run/secrets/token
RUN --mount=type=cache,id=nor-this,target=/y true
`;
	const { secretIds, problems, nativeOnly } = await readRecipe(text);
	expect(problems).toEqual([]);
	expect([...secretIds].sort()).toEqual(['b.c', 'token']);
	expect(nativeOnly).toBeUndefined();
});

test('a long Dockerfile takes no long time', async () => {
	const step =
		'RUN apt-get update && \\\n    apt-get install -y a-package $AND ${ANOTHER} # and a comment\nENV A=b\nCOPY a b /c/\n';
	const script = `RUN <<EOF\n${'echo "a line of a script" && true\n'.repeat(5_000)}EOF\n`;
	const { problems, context } = await readRecipe(`FROM debian\n${step.repeat(500)}${script}`);
	expect(problems).toEqual([]);
	expect(context.kind).toBe('directory');
});
