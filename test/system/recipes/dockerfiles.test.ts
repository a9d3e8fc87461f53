import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../../support/busybox.js';
import { debianBase } from '../../support/debian-base.js';
import { readOciArchive, sifFileSystem } from '../../support/image-files.js';
import { apptainer, apptainerOn } from '../../support/in-image.js';
import { inside, type LocalFiles, useRecipeQueue } from '../../support/recipe-queue.js';
import { type Registry, startRegistry } from '../../support/registry.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** How the recipes of this file begin; `BASE` is the busybox of the registry. */
const FROM = 'ARG BASE\nFROM $BASE';

/** What a Dockerfile can say, and what goes along with it. */
describe('Dockerfiles', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	let digest = '';
	beforeAll(async () => {
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		digest = await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
		await registry.push('debian', 'bookworm', await debianBase());
	});
	afterAll(() => registry.close());
	const recipes = useRecipeQueue('dockerfiles', { ports: () => [registry.port] });

	const base = (): readonly string[] => ['--build-arg', `BASE=${registry.host}/busybox:1`];
	/** Builds these files' Dockerfile to a SIF file. */
	const build = async (files: LocalFiles, ...options: string[]): Promise<string> => {
		const directory = recipes.directory(files);
		await recipes.build(directory, [...base(), ...options, 'app.sif', 'Dockerfile']);
		return join(directory, 'app.sif');
	};

	it('ENV, LABEL, ENTRYPOINT, CMD: in the runscript, the environment, the labels', async () => {
		const image = await build({
			Dockerfile: `${FROM}
LABEL org.opencontainers.image.title="with spaces" second=two
ENV COLOR=blue SHADE="dark blue"
WORKDIR /srv/app
RUN pwd > where
ENTRYPOINT ["/bin/sh", "-c", "echo \\"$COLOR|$SHADE|$*\\"", "name"]
CMD ["default", "words"]
`,
		});
		expect(await apptainer('run', image)).toBe('blue|dark blue|default words\n');
		expect(await apptainer('run', image, 'own', 'ones')).toBe('blue|dark blue|own ones\n');
		expect(await apptainerOn(image, 'inspect', '--labels')).toMatch(
			/org\.opencontainers\.image\.title: with spaces/,
		);
		expect(await inside(image, 'cat /srv/app/where')).toBe('/srv/app\n');
	});

	it('stages; COPY --from by name and by number, --chmod, --chown', async () => {
		const image = await build({
			Dockerfile: `ARG BASE
FROM $BASE AS first
RUN mkdir /out && echo one > /out/one
FROM $BASE
RUN echo two > /two
FROM $BASE AS unused
RUN exit 1
FROM $BASE AS last
RUN echo carol:x:1234:1234::/:/bin/sh >> /etc/passwd
COPY --from=first /out /first
COPY --from=1 --chmod=0741 /two /second/two
COPY --chown=carol:65534 --chmod=600 local.txt /owned.txt
COPY --chown=77:88 local.txt run.sh /numbers/
`,
			'local.txt': 'local\n',
			'run.sh': '#!/bin/sh\n',
		});
		expect(
			await inside(
				image,
				"cat /first/one /second/two; stat -c '%a %u:%g %n' /second/two /owned.txt /numbers/run.sh /numbers/local.txt",
			),
		).toBe(
			'one\ntwo\n741 0:0 /second/two\n600 1234:65534 /owned.txt\n755 77:88 /numbers/run.sh\n644 77:88 /numbers/local.txt\n',
		);
	});

	it('ARG before and after FROM: defaults, --build-arg-file, --build-arg over it', async () => {
		const image = await build(
			{
				Dockerfile: `# syntax=docker/dockerfile:1
ARG BASE=nowhere.example/none
ARG GLOBAL=global
FROM \${BASE}
ARG GLOBAL
ARG ONE=default
ARG TWO=default
ARG THREE
RUN echo "$GLOBAL|$ONE|$TWO|$THREE|\${FOUR:-unset}" > /arguments
`,
				'values.txt': 'TWO=of the file\nTHREE=of the file\n',
			},
			...['--build-arg-file', 'values.txt', '--build-arg', 'THREE=with = and , and $HOME'],
		);
		expect(await inside(image, 'cat /arguments')).toBe(
			'global|default|of the file|with = and , and $HOME|unset\n',
		);
	});

	it('heredocs in RUN and COPY, continued lines, SHELL', async () => {
		const image = await build({
			Dockerfile: `${FROM}
RUN <<END
set -e
echo first > /heredoc
echo second >> /heredoc
END
COPY <<"TEXT" /copied.txt
not $EXPANDED
TEXT
SHELL ["/bin/sh", "-ec"]
RUN echo a \\
    # a comment in between
    b > /continued
`,
		});
		expect(await inside(image, 'cat /heredoc /copied.txt /continued')).toBe(
			'first\nsecond\nnot $EXPANDED\na b\n',
		);
	});

	for (const [name, file, weaker] of [
		['.dockerignore with exceptions', '.dockerignore', []],
		['.containerignore before .dockerignore', '.containerignore', ['.dockerignore']],
		['Dockerfile.dockerignore before both', 'Dockerfile.dockerignore', ['.dockerignore', '.containerignore']],
	] as const) {
		it(`${name}: what it excludes is not there`, async () => {
			const image = await build({
				'keep.txt': 'keep',
				'a.log': 'log',
				'important.log': 'important',
				'sub/b.log': 'log',
				'sub/c.txt': 'c',
				'node_modules/big/file': 'no',
				...Object.fromEntries(weaker.map((other) => [other, '*\n'])),
				[file]: '# comment\n**/*.log\n!important.log\nnode_modules\n*ignore\nDockerfile\n',
				Dockerfile: `${FROM}\nCOPY . /context\nRUN cd /context && find . -type f | sort > /list\n`,
			});
			expect(await inside(image, 'cat /list')).toBe('./important.log\n./keep.txt\n./sub/c.txt\n');
		});
	}

	it('--target: a stage in the middle, those behind it are not built', async () => {
		const image = await build(
			{
				Dockerfile:
					'ARG BASE\nFROM $BASE AS first\nRUN echo 1 > /stage\nFROM first AS middle\nRUN echo 2 >> /stage\nFROM middle\nRUN exit 1\n',
			},
			...['--target', 'middle'],
		);
		expect(await inside(image, 'cat /stage')).toBe('1\n2\n');
	});

	it('RUN --mount: secret, bind, cache, tmpfs', async () => {
		const directory = recipes.directory({
			Dockerfile: `ARG BASE
FROM $BASE AS tool
RUN echo tool > /tool.txt
FROM $BASE
RUN --mount=type=secret,id=token --mount=type=secret,id=named,target=/named,mode=0444 \\
    wc -c < /run/secrets/token > /lengths && wc -c < /named >> /lengths
RUN --mount=type=bind,source=local.txt,target=/local.txt cat /local.txt > /bound
RUN --mount=type=bind,from=tool,source=/tool.txt,target=/tool.txt cat /tool.txt >> /bound
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch touch /cache/a /scratch/b
`,
			'local.txt': 'local\n',
			token: 'twelve bytes',
		});
		await recipes.build(
			directory,
			[
				...base(),
				...['--secret', 'id=token,src=token', '--secret', 'id=named,env=NAMED'],
				...['app.sif', 'Dockerfile'],
			],
			{ NAMED: 'four' },
		);
		expect(
			await inside(
				join(directory, 'app.sif'),
				'cat /lengths /bound; cat /cache/a /scratch/b /run/secrets/token /named 2>/dev/null || echo gone',
			),
		).toBe('12\n4\nlocal\ntool\ngone\n');
	});

	it('an OCI archive: configuration, layers, owners and modes; the base by its digest', async () => {
		const directory = recipes.directory({
			Dockerfile: `${FROM}
RUN echo carol:x:1234:1234::/:/bin/sh >> /etc/passwd && cp /bin/busybox /usr/bin/su && chmod 4755 /usr/bin/su
COPY --chown=carol run.sh /opt/run.sh
USER carol
WORKDIR /opt
ENV COLOR=blue
LABEL colour=green
ENTRYPOINT ["/opt/run.sh"]
CMD ["words"]
`,
			'run.sh': '#!/bin/sh\n',
		});
		const result = await recipes.build(directory, [
			...base(),
			...['--json', '--format', 'oci-archive', 'app.image', 'Dockerfile'],
		]);
		expect(JSON.parse(result.stdout)).toMatchObject({
			image: { format: 'oci-archive' },
			bases: [{ reference: `${registry.host}/busybox:1`, digest }],
		});
		mkdirSync(join(directory, 'unpacked'));
		const archive = readOciArchive(join(directory, 'app.image'), join(directory, 'unpacked'));
		expect(archive.config.architecture).toBe('amd64');
		expect(archive.config.config).toMatchObject({
			User: 'carol',
			WorkingDir: '/opt',
			Entrypoint: ['/opt/run.sh'],
			Cmd: ['words'],
			Labels: { colour: 'green' },
		});
		expect(archive.config.config.Env).toContain('COLOR=blue');
		expect(archive.listing).toMatch(/^-rwxr-xr-x 1234\/\d+ .* opt\/run\.sh$/m);
		expect(archive.listing).toMatch(/^-rwsr-xr-x 0\/0 .* usr\/bin\/su$/m);
	});

	it('the format comes from the name of the image', async () => {
		const directory = recipes.directory({ Dockerfile: `${FROM}\nRUN echo here > /here\n` });
		await recipes.build(directory, [...base(), 'app.tar', 'Dockerfile']);
		mkdirSync(join(directory, 'unpacked'));
		expect(readOciArchive(join(directory, 'app.tar'), join(directory, 'unpacked')).listing).toMatch(
			/ here$/m,
		);
		await recipes.build(directory, [...base(), 'app.img', 'Dockerfile']);
		expect(readFileSync(join(directory, 'app.img')).subarray(32, 41).toString()).toBe('SIF_MAGIC');
	});

	it('Debian, from a Containerfile: useradd, setuid, USER, owners in a SIF', async () => {
		const directory = recipes.directory({
			Containerfile: `ARG REGISTRY
FROM \${REGISTRY}/debian:bookworm
RUN useradd --create-home --uid 4321 carol && install -o carol -g 50 -m 6755 /usr/bin/id /usr/local/bin/whose
USER carol
RUN id -un > /home/carol/me
`,
		});
		await recipes.build(directory, [
			...['--build-arg', `REGISTRY=${registry.host}`, 'app.sif', 'Containerfile'],
		]);
		expect(
			await inside(
				join(directory, 'app.sif'),
				"cat /home/carol/me; stat -c '%a %U %u %g' /usr/local/bin/whose /home/carol/me",
			),
		).toBe('carol\n6755 carol 4321 50\n644 carol 4321 4321\n');
	});

	it('COPY and ADD: globs, links, modes, long and non-ASCII names, an archive, an empty directory', async () => {
		const long = `${'deeper/'.repeat(20)}${'n'.repeat(200)}`;
		const directory = recipes.directory({
			Dockerfile: `${FROM}
COPY tree /tree/
COPY *.md sub/?.txt /docs/
COPY ["with space.txt", "/spaced/"]
COPY größe /größe
COPY deeper /deeper
ADD packed.tar.gz /unpacked/
`,
			'tree/a.txt': 'a',
			'tree/run.sh': '#!/bin/sh\necho ran\n',
			'one.md': '1',
			'two.md': '2',
			'sub/x.txt': 'x',
			'with space.txt': 'spaced',
			'größe/日本.txt': 'wide',
			[long]: 'long',
			'pack/inner.txt': 'inner',
		});
		linkSync(join(directory, 'tree/a.txt'), join(directory, 'tree/b.txt'));
		symlinkSync('a.txt', join(directory, 'tree/link'));
		mkdirSync(join(directory, 'tree/empty'), { mode: 0o750 });
		const archive = ['-C', join(directory, 'pack'), '-czf', join(directory, 'packed.tar.gz'), 'inner.txt'];
		execFileSync('tar', archive);
		await recipes.build(directory, [...base(), 'app.sif', 'Dockerfile']);
		const files = [
			...['/tree/b.txt', '/docs/one.md', '/docs/x.txt', '"/spaced/with space.txt"', '/größe/日本.txt'],
			...[`/${long}`, '/unpacked/inner.txt'],
		];
		expect(
			await inside(
				join(directory, 'app.sif'),
				`/tree/run.sh; readlink /tree/link; cat ${files.join(' ')}; echo; stat -c '%a %u:%g' /tree/empty /tree/run.sh /tree/a.txt`,
			),
		).toBe('ran\na.txt\na1xspacedwidelonginner\n750 0:0\n755 0:0\n644 0:0\n');
	});

	it('--context: the Dockerfile lies elsewhere', async () => {
		const directory = recipes.directory({
			'docker/app.Dockerfile': `${FROM}\nCOPY a.txt /a.txt\n`,
			'docker/a.txt': 'beside the Dockerfile\n',
			'source/a.txt': 'of the source\n',
		});
		const words = [...base(), 'app.sif', 'docker/app.Dockerfile'];
		await recipes.build(directory, ['--context', 'source', ...words]);
		expect(await inside(join(directory, 'app.sif'), 'cat /a.txt')).toBe('of the source\n');
		await recipes.build(directory, ['--force', ...words]);
		expect(await inside(join(directory, 'app.sif'), 'cat /a.txt')).toBe('beside the Dockerfile\n');
	});

	it('FROM scratch, the backend by its old name, gzip', async () => {
		const directory = recipes.directory({
			Dockerfile:
				'ARG BASE\nFROM $BASE AS base\nFROM scratch\nCOPY --from=base /bin /bin\nCMD echo "from scratch"\n',
		});
		await recipes.build(directory, [
			...base(),
			...['--backend', 'docker', '--compress', 'gzip', 'app.sif', 'Dockerfile'],
		]);
		expect(sifFileSystem(join(directory, 'app.sif')).compression).toBe('gzip');
		expect(await apptainer('run', join(directory, 'app.sif'))).toBe('from scratch\n');
	});
});
