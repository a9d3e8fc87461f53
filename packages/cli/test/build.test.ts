import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { containerBuilder } from '../src/commands/container-builder.js';
import { CONTROL_CHARACTERS, call, run } from './support/recorder.js';
import { type SiteOptions, startSite } from './support/site.js';

const RECIPE = 'Bootstrap: scratch\n\n%post\n    echo hello\n';

async function siteWithRecipe(options: SiteOptions = {}) {
	const site = await startSite(options);
	const directory = join(site.directory, 'work');
	mkdirSync(directory);
	writeFileSync(join(directory, 'hello.def'), RECIPE);
	const argv = ['--queue', site.url, 'hello.sif', 'hello.def'];
	return { ...site, directory, argv, image: join(directory, 'hello.sif'), options: { directory } };
}

describe('a build', () => {
	test('in pipes: output on stdout byte for byte, phases in plain words on stderr', async () => {
		const backend = String.raw`printf '\033[31mred\033[0m 10%%\r20%%\r\303\244\377\n'; cp "$DEFINITION" "$IMAGE"`;
		const { argv, image, options, url } = await siteWithRecipe({ backend });
		const { status, stderr, bytes } = await run(containerBuilder, argv, options);
		expect(status, stderr).toBe(0);
		expect(bytes).toEqual(
			Buffer.concat([Buffer.from('\u001B[31mred\u001B[0m 10%\r20%\rä'), Buffer.from([0xff, 0x0a])]),
		);
		expect(stderr).not.toMatch(CONTROL_CHARACTERS);
		expect(stderr).toMatch(/^Detected singularity file$/m);
		expect(stderr).toContain(
			`Connecting to BuilderQueue: Connected to queue: ${url.replace('ws+unix://', '')}\n`,
		);
		expect(stderr).toMatch(/^Requesting remote builder: Connected to remote builder: b-\S+$/m);
		expect(stderr).toMatch(/^Transferring hello\.sif: Completed$/m);
		expect(stderr).toMatch(/^Built .*hello\.sif: \d+ bytes, sha256:[0-9a-f]{64}, /m);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
	});

	test('on a terminal: a spinner, the cursor is there at the end, the build has a terminal', async () => {
		const backend = 'stty size < /proc/self/fd/1; cp "$DEFINITION" "$IMAGE"';
		const { argv, options } = await siteWithRecipe({ backend });
		const terminal = { columns: 111, rows: 33 };
		const { status, stdout, stderr } = await run(containerBuilder, argv, { ...options, terminal });
		expect(status, stderr).toBe(0);
		expect(stdout).toContain('33 111');
		expect(stderr).toContain('Transferring hello.sif: Completed');
		expect(stderr.lastIndexOf('\u001B[?25h')).toBeGreaterThan(stderr.lastIndexOf('\u001B[?25l'));
	});

	test('--json: the result on stdout and nothing else', async () => {
		const backend = 'echo working; cp "$DEFINITION" "$IMAGE"';
		const { argv, image, options } = await siteWithRecipe({ backend });
		const { status, stdout, stderr } = await run(containerBuilder, ['--json', ...argv], options);
		expect(status, stderr).toBe(0);
		expect(stderr).toContain('working\n');
		expect(JSON.parse(stdout)).toMatchObject({
			status: 'succeeded',
			exitCode: 0,
			attempts: 1,
			image: { path: image, format: 'sif', size: RECIPE.length },
		});
	});

	test('--build-arg and --transfer-context reach the backend', async () => {
		const backend = 'echo "$ARGUMENT_WHO"; ls -A; cp "$DEFINITION" "$IMAGE"';
		const { argv, options, directory } = await siteWithRecipe({ backend });
		writeFileSync(join(directory, 'hello.def'), `Bootstrap: scratch\n\n%post\n    echo {{ WHO }}\n`);
		writeFileSync(join(directory, 'beside.txt'), 'here\n');
		const args = ['--build-arg', 'WHO=everybody', ...argv];
		const without = await run(containerBuilder, args, options);
		expect(without.status, without.stderr).toBe(0);
		expect(without.stdout).toMatch(/^everybody\n/);
		expect(without.stdout).not.toContain('beside.txt');
		const all = await run(containerBuilder, ['--force', '--transfer-context', ...args], options);
		expect(all.stdout).toContain('beside.txt\n');
		expect(all.stdout).not.toContain('hello.sif');
	});
});

describe('what a build may need', () => {
	const DOCKERFILE = 'FROM scratch AS one\nCOPY . /\nRUN --mount=type=secret,id=token true\nFROM scratch\n';

	test('a Dockerfile: its directory, a target, arguments, secrets that nobody else sees', async () => {
		const jobs: unknown[] = [];
		const { directory, url, queue } = await siteWithRecipe({
			buildah: async ({ target, secrets, format, compression, arguments: values, ...job }) => {
				const read = secrets.map(({ id, path }) => `${id}=${readFileSync(path, 'utf8')}`);
				const files = readdirSync(job.contextDirectory).sort();
				jobs.push({ target, secrets: read, format, compression, values, files });
				writeFileSync(job.imagePath, 'image');
				return { exitCode: 0, signal: null };
			},
		});
		mkdirSync(join(directory, 'app'));
		writeFileSync(join(directory, 'app/Dockerfile'), DOCKERFILE);
		writeFileSync(join(directory, 'app/.dockerignore'), '*.log\n');
		writeFileSync(join(directory, 'app/data.log'), '');
		writeFileSync(join(directory, 'args.txt'), 'A=file\nB=file\n');
		writeFileSync(join(directory, 'token.txt'), 'PLANTED');
		const argv = ['--json', '--queue', url, '--target', 'one', '--compress', 'gzip', '--backend', 'docker'];
		const more = [
			'--build-arg',
			'B=command',
			'--build-arg-file',
			'args.txt',
			'--secret',
			'id=token,src=token.txt',
		];
		const environment = { HOME: directory };
		const names = ['app.sif', 'app/Dockerfile'];
		const { status, stdout, stderr } = await run(containerBuilder, [...argv, ...more, ...names], {
			directory,
			environment,
		});
		expect(status, stderr).toBe(0);
		expect(jobs).toEqual([
			{
				target: 'one',
				secrets: ['token=PLANTED'],
				format: 'sif',
				compression: 'gzip',
				values: { A: 'file', B: 'command' },
				files: ['.dockerignore', 'Dockerfile'],
			},
		]);
		expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', bases: [], image: { format: 'sif' } });
		const records: unknown[] = [];
		for await (const record of queue.list()) records.push(record);
		expect(records).toHaveLength(1);
		const planted = /PLANTED|UExBTlRFRA/;
		expect(`${stdout}${stderr}${JSON.stringify([records, await queue.status()])}`).not.toMatch(planted);
	});

	test('warnings are told behind the kind of the definition', async () => {
		const { argv, options, directory } = await siteWithRecipe();
		const env = { ...options, environment: { HOME: directory, TOKEN: 'x' } };
		mkdirSync(join(directory, '.docker'));
		writeFileSync(join(directory, '.docker/config.json'), '{"auths":');
		const { status, stderr } = await run(containerBuilder, ['--secret', 'id=TOKEN', ...argv], env);
		expect(status, stderr).toBe(0);
		expect(stderr).toMatch(
			/^warning: .*\.docker\/config\.json: not a file of registry logins: it is not JSON; the logins in it are not used\nDetected singularity file\nwarning: hello\.def: the secret TOKEN is not mentioned\n/,
		);
	});
});

describe('failures', () => {
	test('of the definition: last lines, backend status, one sentence, a hint, status 1', async () => {
		const backend = 'for n in $(seq 30); do echo "line $n"; done; echo why >&2; exit 7';
		const { argv, image, options } = await siteWithRecipe({ backend });
		const { status, stdout, stderr } = await run(containerBuilder, argv, options);
		expect(status).toBe(1);
		expect(stdout).toContain('line 30\n');
		expect(stderr).toContain('Last lines of the output:\n');
		expect(stderr).toContain('  | why\n');
		expect(stderr).toMatch(/^error: .*7/m);
		expect(stderr.match(/^error: /gm)).toHaveLength(1);
		expect(existsSync(image)).toBe(false);
	});

	test('--json tells of them on stdout', async () => {
		const { argv, options } = await siteWithRecipe({ backend: 'echo why; exit 7' });
		const { status, stdout } = await run(containerBuilder, ['--json', ...argv], options);
		expect(status).toBe(1);
		expect(JSON.parse(stdout)).toMatchObject({
			status: 'failed',
			error: { code: 'build-failed' },
			build: { exitCode: 1, backendExitCode: 7, lastOutput: ['why'] },
		});
	});

	test('an image that exists', async () => {
		const { argv, image, options } = await siteWithRecipe();
		writeFileSync(image, 'mine');
		const refused = await run(containerBuilder, argv, options);
		expect(refused.status).toBe(2);
		expect(refused.stderr).toContain('hello.sif : file already exists. Add --force flag to override');
		expect(readFileSync(image, 'utf8')).toBe('mine');
		expect((await run(containerBuilder, ['--force', ...argv], options)).status).toBe(0);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
	});

	test('a queue that does not answer', async () => {
		const { options } = await siteWithRecipe();
		const argv = ['--queue', 'ws+unix:///nowhere/queue.sock', 'hello.sif', 'hello.def'];
		const { status, stderr } = await run(containerBuilder, argv, options);
		expect(status).toBe(3);
		expect(stderr).toMatch(/^error: .*queue/m);
	});

	test.each([
		[['--arch', 'vax'], /unknown architecture: vax/],
		[['--backend', 'podman'], /no backend podman/],
		[['--backend', 'docker'], /buildah builds Dockerfiles, but hello\.def is an Apptainer definition file/],
		[['--build-arg', 'no-key'], /--build-arg no-key is not KEY=VALUE/],
		[['--build-arg-file', 'none'], /--build-arg-file none does not exist/],
		[['--secret', 'id=none'], /there is no environment variable none/],
		[['--authfile', 'none.json'], /the authfile .*none\.json does not exist/],
		[['--context', '.', '--transfer-context'], /--context and --transfer-context exclude each other/],
		[['--context', 'none'], /the context none does not exist/],
		[['--target', 'x'], /only Dockerfiles have a target/],
		[['--format', 'oci-archive'], /it makes a SIF, not an OCI archive/],
		[['--reserve', '1'], /--reserve: only for builds without a queue/],
		[['--queue', 'http://q.example'], /--queue is no queue/],
	])('%j', async (extra, message) => {
		const { argv, options } = await siteWithRecipe();
		const all = extra[0] === '--queue' ? [...extra, 'hello.sif', 'hello.def'] : [...extra, ...argv];
		const { status, stderr } = await run(containerBuilder, all, options);
		expect(status).toBe(2);
		expect(stderr).toMatch(message);
	});

	test('an architecture that nobody knows', async () => {
		const { status, stderr } = await run(containerBuilder, ['--arch', 'sparc', 'a.sif', 'a.def']);
		expect(status).toBe(2);
		expect(stderr).toMatch(/unknown architecture: sparc\nhint: Known are amd64/);
	});
});

describe('a builder that dies while it executes the definition', () => {
	/** What the first builder leaves half done, any other does whole. */
	async function siteThatDies() {
		const marks = mkdtempSync(join(tmpdir(), 'cli-marks-'));
		onTestFinished(() => rmSync(marks, { recursive: true, force: true }));
		const backend = `mkdir ${marks}/first 2>/dev/null && { printf 'begun\\nhal'; sleep 300; }; echo whole; cp "$DEFINITION" "$IMAGE"`;
		const site = await siteWithRecipe({ backend });
		const dying = async (extra: readonly string[]) => {
			const made = call(containerBuilder, [...extra, ...site.argv], site.options);
			await Promise.race([made.stdout, made.stderr].map((stream) => stream.until(/hal/)));
			const { builders } = await site.queue.status();
			await site.provider.kill(builders.find(({ state }) => state === 'leased')?.id ?? '', 'gone');
			return { ...made, status: await made.status };
		};
		return { ...site, dying };
	}

	test('the output so far, infrastructure, and how to have it begun anew', async () => {
		const { dying, image, queue } = await siteThatDies();
		const { status, stdout, stderr } = await dying([]);
		expect(status).toBe(4);
		expect(stdout.text).toBe('begun\nhal');
		expect(stderr.text).toMatch(/^ {2}\| hal$/m);
		expect(stderr.text).toMatch(/^error: .*builder/m);
		expect(stderr.text).toMatch(/^hint: .*: try again with --retry-lost\.$/m);
		expect(stderr.text).not.toContain('attempt');
		expect(existsSync(image)).toBe(false);
		expect((await queue.status()).waiting).toEqual([]);
	});

	test('--json tells both on stdout', async () => {
		const { dying } = await siteThatDies();
		const { status, stdout } = await dying(['--json']);
		expect(status).toBe(4);
		expect(JSON.parse(stdout.text)).toMatchObject({
			status: 'failed',
			error: { hint: expect.stringContaining('--retry-lost'), details: { backendStarted: true } },
			build: { lastOutput: ['begun', 'hal'], attempts: 1 },
		});
	});

	test('--retry-lost: a fresh builder does all of it, below what the lost one had printed', async () => {
		const { dying, image, queue } = await siteThatDies();
		const { status, stdout, stderr } = await dying(['--retry-lost']);
		expect(status, stderr.text).toBe(0);
		expect(stdout.text).toBe('begun\nhal\nwhole\n');
		expect(stderr.text).toMatch(
			/^warning: .*; executing the definition again on a fresh builder \(attempt 2\)\nRequesting remote builder: Connected to remote builder: b-\S+$/m,
		);
		expect(stderr.text).not.toMatch(CONTROL_CHARACTERS);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
		const records = [];
		for await (const record of queue.list()) records.push(record);
		expect(records).toMatchObject([{ state: 'succeeded' }]);
	});
});

describe('--priority', () => {
	test('is the class of the checkout', async () => {
		const { argv, options, queue } = await siteWithRecipe();
		const { status, stderr } = await run(containerBuilder, ['--priority', 'low', ...argv], options);
		expect(status, stderr).toBe(0);
		const records = [];
		for await (const record of queue.list()) records.push(record);
		expect(records).toMatchObject([{ priority: 'low' }]);
	});

	test('above what the queue allows it is refused, and told what is allowed', async () => {
		const { argv, options } = await siteWithRecipe();
		const { status, stderr } = await run(containerBuilder, ['--priority', 'high', ...argv], options);
		expect(status).toBe(3);
		expect(stderr).toMatch(/^error: .* may not ask for priority high$/m);
		expect(stderr).toMatch(/^hint: The highest that is allowed is normal\.$/m);
	});

	test.each([
		[[], {}, 'Name one by --queue'],
		[['--provider', 'local'], { CONTAINER_BUILDER_QUEUE: 'wss://q.example' }, 'Leave it out'],
	])('%j without a queue is a mistake', async (extra, environment, hint) => {
		const argv = ['--priority', 'low', ...extra, 'a.sif', 'a.def'];
		const { status, stderr } = await run(containerBuilder, argv, { environment });
		expect(status).toBe(2);
		expect(stderr).toContain(`error: --priority needs a queue, where others wait too\nhint: ${hint}`);
	});

	test('no other class is taken', async () => {
		const { status, stderr } = await run(containerBuilder, ['--priority', 'urgent', 'a.sif', 'a.def']);
		expect(status).toBe(2);
		expect(stderr).toContain('low, normal, high');
	});
});

describe('Ctrl-C', () => {
	const backend = 'echo started; sleep 300; cp "$DEFINITION" "$IMAGE"';

	test.each(['SIGINT', 'SIGTERM'] as const)(
		'%s cancels, gives the builder back, ends with 130',
		async (signal) => {
			const { argv, image, options, queue, directory } = await siteWithRecipe({ backend });
			const { stdout, stderr, signals, exits, status } = call(containerBuilder, argv, options);
			await stdout.until(/started/);
			signals.emit(signal, signal);
			expect(await status).toBe(130);
			expect(stderr.text).toContain('User requested exit\n');
			expect(stderr.text).not.toContain('error:');
			expect(exits).toEqual([]);
			expect(signals.eventNames()).toEqual([]);
			expect(existsSync(image)).toBe(false);
			expect(readdirSync(directory).filter((name) => name.startsWith('hello.sif'))).toEqual([]);
			const { builders } = await queue.status();
			expect(builders.filter(({ state }) => state === 'leased')).toEqual([]);
		},
	);

	test('a second one leaves at once', async () => {
		const { argv, options } = await siteWithRecipe({ backend });
		const { stdout, signals, exits, status } = call(containerBuilder, argv, options);
		await stdout.until(/started/);
		signals.emit('SIGINT', 'SIGINT');
		signals.emit('SIGINT', 'SIGINT');
		expect(exits).toEqual([130]);
		expect(await status).toBe(130);
	});

	test('while waiting for a builder it leaves the line', async () => {
		const { argv, options, queue } = await siteWithRecipe({ backend, max: 1 });
		const first = call(containerBuilder, argv, options);
		await first.stdout.until(/started/);
		const second = call(containerBuilder, [...argv.slice(0, 2), 'other.sif', 'hello.def'], options);
		await second.stderr.until(/1st in line, the one builder is busy/);
		expect((await queue.status()).waiting).toHaveLength(1);
		second.signals.emit('SIGINT', 'SIGINT');
		expect(await second.status).toBe(130);
		expect((await queue.status()).waiting).toEqual([]);
		first.signals.emit('SIGINT', 'SIGINT');
		expect(await first.status).toBe(130);
	});
});
