import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../support/busybox.js';
import { type CommandResult, runCommand } from '../support/command.js';
import { daemons } from '../support/memory.js';
import {
	findInFiles,
	findInImage,
	findInTexts,
	makeNeedle,
	type Needle,
	watchProcesses,
} from '../support/needle.js';
import { inside, type LocalFiles, type RecipeQueue, useRecipeQueue } from '../support/recipe-queue.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What a build has said and done, and where one of the secrets was seen. */
interface Observed {
	readonly result: CommandResult;
	readonly found: readonly string[];
}

/** Builds, and looks for the needles wherever they must not be. The recipe says `resting` and sleeps at its end. */
async function observe(
	recipes: RecipeQueue,
	needles: readonly Needle[],
	directory: string,
	args: readonly string[],
	environment: Readonly<Record<string, string>> = {},
): Promise<Observed> {
	const since = new Date();
	let client: number | undefined;
	const watch = watchProcesses(needles, () => client);
	const build = recipes.start(directory, args, environment);
	client = build.child.pid;
	let onDisk: readonly string[] = [];
	let onProcesses: readonly string[] = [];
	try {
		await build.until(/^resting/m);
		const builders = daemons();
		expect(builders.length).toBeGreaterThan(0);
		// What the builder has on its disk: all but what is mounted below (in memory).
		onDisk = builders.flatMap((pid) => findInFiles(needles, `/proc/${pid}/root/`, since));
	} finally {
		await build.ended;
		onProcesses = watch.stop();
	}
	const result = await build.ended;
	expect(watch.looks).toBeGreaterThan(100);
	expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
	const status = await runCommand('cb-status', ['--queue', recipes.url, '--json']);
	const texts = {
		"the client's stdout": result.stdout,
		"the client's stderr": result.stderr,
		"the queue's stdout": recipes.queue.process.said.stdout,
		"the queue's stderr": recipes.queue.process.said.stderr,
		"the queue's status": status.stdout,
	};
	const image = args.at(-2) ?? '';
	return {
		result,
		found: [
			...onDisk.map((path) => `the builder's disk: ${path}`),
			...onProcesses.map((process) => `the process table: ${process}`),
			...findInTexts(needles, texts),
			...(await findInImage(needles, join(directory, image))),
			...findInFiles(needles, recipes.queue.directory),
			...findInFiles(needles, '/run/container-builder'),
		],
	};
}

describe('secrets of a recipe', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	beforeAll(async () => {
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
	});
	afterAll(() => registry.close());
	const recipes = useRecipeQueue('secrets', {
		ports: () => [registry.port],
		configuration: () => ['log: { level: debug }'],
	});

	const definition = (): LocalFiles => ({
		'app.def': `Bootstrap: docker
From: ${registry.host}/busybox:1

%post
    sha256sum < /run/secrets/file > /etc/proof
    sha256sum < /run/secrets/variable >> /etc/proof
    env > /etc/environment-of-post
    echo resting; sleep 3
`,
	});
	const dockerfile = (): LocalFiles => ({
		Dockerfile: `FROM ${registry.host}/busybox:1
RUN --mount=type=secret,id=file --mount=type=secret,id=variable sha256sum < /run/secrets/file > /etc/proof && \\
    sha256sum < /run/secrets/variable >> /etc/proof && env > /etc/environment-of-post && echo resting && sleep 3
`,
	});
	for (const [name, files, image, options] of [
		['a definition file', definition, 'app.sif', ['--debug']],
		['a definition file, with --json', definition, 'app.sif', ['--json', '--debug']],
		['a Dockerfile', dockerfile, 'app.sif', ['--debug']],
		['a Dockerfile, as OCI archive, with --json', dockerfile, 'app.tar', ['--json', '--debug']],
	] as const) {
		it(`${name}: they are there while it builds, and nowhere else`, async () => {
			const needles = [makeNeedle(), makeNeedle()];
			const [file, variable] = needles.map(({ text }) => text) as [string, string];
			const directory = recipes.directory(files());
			const source = join(place.path, 'secret.txt');
			writeFileSync(source, file, { mode: 0o600 });
			const recipe = Object.keys(files())[0] ?? '';
			const { found } = await observe(
				recipes,
				needles,
				directory,
				[
					...options,
					...['--secret', `id=file,src=${source}`, '--secret', 'id=variable,env=HIDDEN'],
					...[image, recipe],
				],
				{ HIDDEN: variable },
			);
			expect(found).toEqual([]);
			if (image === 'app.tar') return;
			// They were there: the image has their hashes.
			const hashes = await inside(join(directory, image), 'cat /etc/proof');
			expect(hashes).toBe([file, variable].map((text) => `${sha256(text)}  -\n`).join(''));
		});
	}

	it('the search itself finds what is not hidden', async () => {
		const needle = makeNeedle();
		const directory = recipes.directory({
			'app.def': `Bootstrap: docker
From: ${registry.host}/busybox:1

%post
    echo ${needle.text} > /etc/leak
    echo resting; sh -c 'sleep 3; true' ${needle.text}
`,
		});
		const { found } = await observe(recipes, [needle], directory, ['app.sif', 'app.def']);
		for (const where of [/^the builder's disk: .*etc\/leak$/, /^the process table: /, /^the client's std/])
			expect(
				found.some((each) => where.test(each)),
				`${where} in ${found.join(', ')}`,
			).toBe(true);
		expect(found.some((each) => each.endsWith('/root/etc/leak'))).toBe(true);
	});
});

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

/**
 * Shell lines that look for a password wherever they may, without having it in one piece; a decoy they must find. They
 * say `FOUND WHERE` for each hit, and `refused` when the registry does not serve somebody without a login.
 */
function hunt(password: Needle, decoy: Needle, registry: Registry): readonly string[] {
	const halves = ({ halves: [first, second] }: Needle): string => `${first} ${second}`;
	const hit = "2>/dev/null | sed 's/^/FOUND /' || true";
	const pruned = '\\( -path /proc -o -path /sys -o -path /dev \\) -prune';
	return [
		'patterns=/dev/shm/patterns.$$',
		`printf '%s%s\\n' ${halves(password)} ${halves(decoy)} > $patterns`,
		`printf '%s%s' ${halves(decoy)} > /tmp/decoy`,
		`find / /dev/shm ${pruned} -o -type f ! -path $patterns -exec grep -laF -f $patterns {} + ${hit}`,
		`grep -laF -f $patterns /proc/[0-9]*/environ /proc/[0-9]*/cmdline ${hit}`,
		`find / ${pruned} -o \\( -name auth.json -o -name docker-config.json -o -path '*/.docker/*' \\) -print ${hit}`,
		`env | grep -i -e passw -e token -e auth ${hit}`,
		`wget -q -O /dev/null http://${registry.host}/v2/busybox/manifests/1 && echo 'FOUND anonymous access' || echo refused`,
		'rm -f $patterns /tmp/decoy',
	];
}

for (const route of [
	"the user's --authfile",
	"the user's credential helper",
	"the site's own login",
] as const) {
	describe(`a private base, by ${route}`, () => {
		const place = temporaryDirectory();
		const password = makeNeedle();
		const decoy = makeNeedle();
		let registry: Registry;
		let digest = '';
		beforeAll(async () => {
			registry = await startRegistry({ user: { name: 'reader', password: password.text } });
			await busyboxLayer(join(place.path, 'busybox.tar'), { 'etc/base': 'private\n' });
			digest = await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
			const auth = Buffer.from(`reader:${password.text}`).toString('base64');
			place.writePrivate('auth.json', JSON.stringify({ auths: { [registry.host]: { auth } } }));
			place.write('answer.json', JSON.stringify({ Username: 'reader', Secret: password.text }));
			place.makeExecutable(
				'bin/docker-credential-testing',
				`#!/bin/sh\nexec cat ${place.path}/answer.json\n`,
			);
			place.write('home/config.json', JSON.stringify({ credHelpers: { [registry.host]: 'testing' } }));
		});
		afterAll(() => registry.close());
		const recipes = useRecipeQueue('private', {
			ports: () => [registry.port],
			configuration: () => [
				'log: { level: debug }',
				...(route === "the site's own login"
					? [`registries: { authfile: ${join(place.path, 'auth.json')} }`]
					: []),
			],
		});
		/** None of the user's own files is looked at but those of the route. */
		const environment = (): Record<string, string> => ({
			HOME: join(place.path, 'nobody'),
			REGISTRY_AUTH_FILE: '',
			XDG_RUNTIME_DIR: '',
			XDG_CONFIG_HOME: '',
			DOCKER_CONFIG:
				route === "the user's credential helper" ? join(place.path, 'home') : join(place.path, 'nobody'),
			PATH: `${join(place.path, 'bin')}:${process.env.PATH}`,
		});
		const options = (): readonly string[] =>
			route === "the user's --authfile" ? ['--authfile', join(place.path, 'auth.json')] : [];

		for (const kind of ['app.def', 'Dockerfile'] as const) {
			it(`${kind}: the recipe has the base, and neither finds nor can use the login`, async () => {
				const lines = hunt(password, decoy, registry);
				const directory = recipes.directory(
					kind === 'app.def'
						? {
								'app.def': `Bootstrap: docker
From: ${registry.host}/busybox:1

%setup
    echo "on the builder"
${lines.map((line) => `    ${line}`).join('\n')}

%post
    echo "in the image"
${lines.map((line) => `    ${line}`).join('\n')}
    echo resting; sleep 3
`,
							}
						: {
								Dockerfile: `FROM ${registry.host}/busybox:1\nRUN <<END\necho "in the image"\n${lines.join('\n')}\necho resting; sleep 3\nEND\n`,
							},
				);
				const { result, found } = await observe(
					recipes,
					[password],
					directory,
					[...options(), '--debug', '--json', 'app.sif', kind],
					environment(),
				);
				expect(found).toEqual([]);
				const { bases } = JSON.parse(result.stdout) as { bases: unknown };
				expect(bases).toEqual([{ reference: `${registry.host}/busybox:1`, digest }]);
				expect(await inside(join(directory, 'app.sif'), 'cat /etc/base')).toBe('private\n');
				const output = result.stderr.split('\n').map((line) => line.trim());
				const times = kind === 'app.def' ? 2 : 1;
				const hits = output.filter((line) => line.startsWith('FOUND'));
				expect(hits.filter((line) => !line.endsWith('/decoy'))).toEqual([]);
				// The decoy is found each time: the hunt can find something.
				expect(hits.filter((line) => line === 'FOUND /tmp/decoy')).toHaveLength(times);
				expect(output.filter((line) => line === 'refused')).toHaveLength(times);
			});
		}
	});
}
