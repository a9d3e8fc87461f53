import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { busyboxBinary, busyboxLayer } from '../support/busybox.js';
import { type CommandResult, endGroup, type RunningCommand, root, startProcess } from '../support/command.js';
import { aptMirror } from '../support/debian-base.js';
import { type FencedBlock, fencedBlocks } from '../support/fenced-blocks.js';
import { installedCommands } from '../support/installed-commands.js';
import { useRecipeQueue, writeFiles } from '../support/recipe-queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ID = '5f0c8a52-6d0b-4f3c-9c0e-7f0f8a1f7f61';
const FILES = {
	'hello.def': scratchRecipe('%runscript\n    echo hello'),
	'app.def': scratchRecipe(
		'%post\n    if [ -e /run/secrets/token ]; then echo "secret: $(cat /run/secrets/token | wc -c)"; fi',
	),
	'base.def': scratchRecipe('%post\n    echo "from {{ MIRROR }}"'),
	'big.def': scratchRecipe('%post\n    dd if=/dev/zero of=/big bs=1048576 count=10'),
	'slow.def': scratchRecipe(
		'%post\n    for second in 1 2 3 4 5 6 7 8; do echo "second $second"; sleep 1; done',
	),
	'token.txt': 'a token',
	Dockerfile:
		'FROM scratch\nCOPY busybox.sh /bin/busybox\nRUN ["/bin/busybox", "echo", "from a Dockerfile"]\n',
};

/** What docs/cli.md shows is run as it stands there; only what is elsewhere (a queue, a registry, an id) is one of here. */
describe('docs/cli.md', () => {
	const place = temporaryDirectory();
	const blocks = fencedBlocks(readFileSync(join(root, 'docs/cli.md'), 'utf8'));
	let registry: Registry;
	let mirror = '';
	let work = '';
	let path = '';
	beforeAll(async () => {
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		await registry.push('olcf/summit', '1', join(place.path, 'busybox.tar'));
		mirror = await aptMirror();
		path = `${installedCommands(place)}:${process.env.PATH}`;
	});
	afterAll(() => registry.close());
	const recipes = useRecipeQueue('documented', {
		configuration: () => [
			`catalogue: { registry: 'http://${registry.host}', repositories: [olcf/summit], insecure: true }`,
		],
	});
	const useWork = async (): Promise<void> => {
		if (work !== '') return;
		work = recipes.directory({ ...FILES, 'busybox.sh': await busyboxBinary() });
		writeFiles(work, {
			'queue.yaml': `owner: shown\nlisten: ['ws+unix://${place.path}/shown.sock']\nauthentication: { tokens: { file: tokens.json } }\npool: { provider: { kind: local } }\n`,
		});
	};
	beforeEach(useWork);

	/** The environment names the queue where a command is not told. */
	const run = (script: string, environment: Readonly<Record<string, string>> = {}): RunningCommand =>
		startProcess('bash', ['-euo', 'pipefail', '-c', script], {
			cwd: work,
			environment: { PATH: path, ...environment },
			group: true,
		});
	const ofHere = (command: string, id: string): string =>
		command
			.replaceAll('wss://queue.example:8080', recipes.url)
			.replaceAll('https://registry.example', `http://${registry.host}`)
			.replaceAll('http://mirror.example/debian', mirror)
			.replaceAll(ID, id);
	const detach = async (definition: string): Promise<string> => {
		const { stdout } = await recipes.build(work, ['--detach', '--force', 'app.sif', definition]);
		return stdout.trim();
	};
	const expectSuccess = ({ status, stdout, stderr }: CommandResult): void =>
		expect(status, `${stdout}${stderr}`).toBe(0);

	const examples = blocks.flatMap((block) =>
		block.language === 'sh' && !isScript(block) ? examplesOf(block) : [],
	);

	it('has examples of all commands for people', () => {
		const names = new Set(examples.map(({ command }) => command.split(' ')[0]));
		expect([...names].sort()).toEqual([
			'cb-attach',
			'cb-cancel',
			'cb-doctor',
			'cb-image',
			'cb-images',
			'cb-logs',
			'cb-queue',
			'cb-status',
			'cb-verify',
			'container-builder',
		]);
	});

	for (const { command, comment } of examples) {
		it(`${command} # ${comment}`, async () => {
			for (const image of ['app.sif', 'app.sif.intoto.jsonl', 'hello.sif', 'big.sif', 'other.sif'])
				rmSync(join(work, image), { force: true });
			if (command.startsWith('cb-verify')) {
				await recipes.build(work, ['--provenance', '--force', 'app.sif', 'app.def']);
				expectSuccess(
					await run(`cb-queue key --config ${recipes.queue.directory}/queue.yaml > queue.pem`).ended,
				);
			}
			const needsBuild = command.includes(ID);
			const id = needsBuild ? await detach('slow.def') : '';
			const here = ofHere(command, id);
			const environment = here.startsWith('container-builder')
				? {}
				: { CONTAINER_BUILDER_QUEUE: recipes.url };
			if (here.startsWith('cb-queue --config')) {
				const queue = run(`exec ${here}`, environment);
				await queue.until(/"msg":"[^"]*(listening|serves|takes)/i);
				queue.child.kill('SIGINT');
				expectSuccess(await queue.ended);
				return;
			}
			const result = await run(here, environment).ended;
			expectSuccess(result);
			const image = / (\w+\.sif)/.exec(here)?.[1];
			if (image !== undefined) expect(existsSync(join(work, image))).toBe(true);
			if (here.startsWith('cb-attach') || here.startsWith('cb-logs --follow'))
				expect(result.stdout).toMatch(/second 8/);
			if (here.startsWith('cb-images')) expect(result.stdout).toContain('olcf/summit');
			// What nobody attached to is not to wait for its end.
			if (here.startsWith('cb-logs')) expectSuccess(await run(`cb-cancel ${id}`, environment).ended);
		});
	}

	it('the configuration file', async () => {
		const [file] = blocks.filter(({ language }) => language === 'yaml');
		const text = file?.text.replace(/ws\+unix:\S+/, recipes.url) ?? '';
		place.write('config/container-builder/config.yaml', text);
		place.writePrivate('config/container-builder/summit.token', 'a-token-of-the-queue\n');
		const environment = { XDG_CONFIG_HOME: join(place.path, 'config') };
		const doctor = await run('cb-doctor --json', environment).ended;
		expect(doctor.stdout).toContain('wss://queue.example:8443');
		expectSuccess(await run('container-builder --queue lab --force app.sif app.def', environment).ended);
		expectSuccess(await run('container-builder --provider local --force app.sif app.def', environment).ended);
	});

	describe('the job script', () => {
		const script = (): string => blocks.find(isScript)?.text ?? '';
		const job = (url: string): RunningCommand => {
			writeFileSync(join(work, 'job.sh'), script());
			place.makeExecutable('bin/scontrol', `#!/bin/sh\necho "scontrol $*"\n`);
			return run('exec sh job.sh', { CONTAINER_BUILDER_QUEUE: url, SLURM_JOB_ID: '4711' });
		};
		const has = (name: string): boolean => existsSync(join(work, name));
		const begin = (definition: keyof typeof FILES): void => {
			rmSync(join(work, 'app.sif'), { force: true });
			writeFiles(work, { 'app.def': FILES[definition] });
		};

		it('builds in one job', async () => {
			begin('hello.def');
			expectSuccess(await job(recipes.url).ended);
			expect([has('app.sif'), has('app.id')]).toEqual([true, false]);
		});

		it('goes on in the next job when the time of one is up', async () => {
			begin('slow.def');
			const first = job(recipes.url);
			await first.until(/second 2/);
			// In the end Slurm does that to all of a job.
			await endGroup(first, 'SIGKILL');
			expect([has('app.sif'), has('app.id')]).toEqual([false, true]);
			const second = await job(recipes.url).ended;
			expectSuccess(second);
			// What is for programs is all that stdout has.
			expect(second.stderr).toMatch(/second 8/);
			expect(second.stdout).toMatch(/^[^\n]+;sha256:[0-9a-f]{64};\d+;[^\n]+app\.sif\n$/);
			expect([has('app.sif'), has('app.id')]).toEqual([true, false]);
		});

		it('ends with the status of a definition that fails', async () => {
			writeFiles(work, { 'app.def': scratchRecipe('%post\n    exit 3') });
			rmSync(join(work, 'app.sif'), { force: true });
			const result = await job(recipes.url).ended;
			expect(result.status).toBe(1);
			expect(result.stdout).not.toContain('scontrol');
			expect(has('app.id')).toBe(false);
		});

		it('asks for another try when the queue is gone', async () => {
			writeFileSync(join(work, 'app.id'), `${ID};ws+unix://${place.path}/nobody.sock\n`);
			const result = await job(recipes.url).ended;
			expect(result.stdout).toContain('scontrol requeue 4711');
			expect(result.status).toBe(3);
			rmSync(join(work, 'app.id'));
		});
	});
});

interface Example {
	readonly command: string;
	readonly comment: string;
}

function examplesOf({ text }: FencedBlock): readonly Example[] {
	return [...text.matchAll(/^# (.+)\n(.+)$/gm)].map(([, comment = '', command = '']) => ({
		command,
		comment,
	}));
}

function isScript({ text }: FencedBlock): boolean {
	return text.startsWith('#!');
}
