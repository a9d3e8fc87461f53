import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root, runCommand, start } from '../support/command.js';
import { aptMirror, debianBase } from '../support/debian-base.js';
import { apptainer } from '../support/in-image.js';
import { inState, startQueue, type TestQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { useWorkspace } from '../support/workspace.js';

describe('cb-queue with two local builders', () => {
	const workspace = useWorkspace();
	let registry: Registry;
	let queue: TestQueue | undefined;
	beforeAll(async () => {
		registry = await startRegistry();
		await registry.push('debian', 'bookworm', await debianBase());
	});
	afterAll(() => registry.close());
	afterEach(async () => {
		await queue?.close();
		queue = undefined;
	});

	const recipe = (name: string): string => join(root, 'examples/recipes', `${name}.def`);
	const open = async (): Promise<TestQueue> => {
		const directory = join(workspace.path, 'queue');
		mkdirSync(directory, { mode: 0o700 });
		const port = registry.host.split(':')[1];
		queue = await startQueue(directory, 'system-test', [
			'max: 2',
			'reserve: 1',
			`provider: { kind: local, forward: [${port}] }`,
		]);
		return queue;
	};

	it('serves four clients at a time, each with a recipe of its own, and is left with its reserve', async () => {
		const { url, untilStatus, close } = await open();
		const before = await untilStatus((status) => inState(status, 'ready') === 1);
		expect(before.waiting).toEqual([]);
		const shown = await runCommand('cb-status', ['--queue', url]);
		expect(shown.stdout).toContain('Active builders');
		expect(shown.stdout).toMatch(/Reserve builders\n-+\nID: \S+\nHOST: \S+\nPORT: \S+/);

		const image = (name: string): string => join(workspace.path, `${name}.sif`);
		const build = (name: string, ...options: string[]) =>
			start('container-builder', ['--queue', url, ...options, image(name), recipe(name)], {
				cwd: join(root, 'examples/recipes'),
			});
		const builds = [
			build('debootstrap', '--build-arg', `MIRROR=${await aptMirror()}`),
			build('docker', '--build-arg', `REGISTRY=${registry.host}`),
			build('multi-stage'),
			build('files'),
		];
		const between = await untilStatus(
			(status) => inState(status, 'leased') === 2 && status.waiting.length > 0,
		);
		expect(between.builders.length).toBeLessThanOrEqual(2);
		expect(new Set(between.builders.map(({ buildId }) => buildId)).size).toBe(2);

		for (const result of await Promise.all(builds.map(({ ended }) => ended)))
			expect(result.status, result.stderr).toBe(0);
		expect(await apptainer('run', image('debootstrap'), 'it works')).toContain('it works');
		expect(await apptainer('exec', image('debootstrap'), 'id', 'alice')).toContain('uid=1000(alice)');
		expect(await apptainer('run', image('docker'))).toMatch(/^Debian 12\.\d+ from a registry$/m);
		expect(await apptainer('exec', image('docker'), 'stat', '-c', '%U', '/data')).toBe('alice\n');
		expect(await apptainer('run', image('multi-stage'))).toBe('5\n4\n3\n2\n1\n');
		expect(await apptainer('run', image('files'))).toContain('1');

		const after = await untilStatus(
			(status) => inState(status, 'ready') === 1 && status.builders.length === 1,
		);
		expect(after.waiting).toEqual([]);
		expect(between.builders.map(({ id }) => id)).not.toContain(after.builders[0]?.id);
		expect(await close()).toBe(0);
	});

	it('builds on an image that was built before, sent along with the recipe', async () => {
		const { url } = await open();
		const base = join(workspace.path, 'debootstrap.sif');
		const first = await runCommand('container-builder', [
			'--queue',
			url,
			'--build-arg',
			`REGISTRY=${registry.host}`,
			base,
			recipe('docker'),
		]);
		expect(first.status, first.stderr).toBe(0);
		const definition = workspace.write(
			'on-top.def',
			'Bootstrap: localimage\nFrom: debootstrap.sif\n\n%post\n    cat /data/base > /opt/layer\n',
		);
		const image = join(workspace.path, 'on-top.sif');
		const second = await runCommand('container-builder', ['--queue', url, image, definition], {
			cwd: workspace.path,
		});
		expect(second.status, second.stderr).toBe(0);
		expect(await apptainer('exec', image, 'cat', '/opt/layer')).toMatch(/^12\.\d+$/m);
	});

	it('takes a client that was killed for gone, and destroys its builder', async () => {
		const { url, untilStatus } = await open();
		const definition = workspace.write('slow.def', scratchRecipe('%post\n    echo started; sleep 300'));
		const client = start('container-builder', ['--queue', url, join(workspace.path, 'slow.sif'), definition]);
		await client.until(/started/);
		const [leased] = (await untilStatus((status) => inState(status, 'leased') === 1)).builders.filter(
			({ state }) => state === 'leased',
		);
		client.child.kill('SIGKILL');
		const after = await untilStatus(({ builders }) => builders.every(({ id }) => id !== leased?.id));
		expect(inState(after, 'leased')).toBe(0);
	});

	it('is stopped in mid-build: the client ends with one clear sentence, nothing is left', async () => {
		const { url, close } = await open();
		const definition = workspace.write('slow.def', scratchRecipe('%post\n    echo started; sleep 300'));
		const client = start('container-builder', ['--queue', url, join(workspace.path, 'slow.sif'), definition]);
		await client.until(/started/);
		expect(await close()).toBe(0);
		const result = await client.ended;
		expect([3, 4], result.stderr).toContain(result.status);
		expect(result.stderr.match(/^error: /gm), result.stderr).toHaveLength(1);
		expect(workspace.files().filter((name) => name.startsWith('slow.sif'))).toEqual([]);
	});

	it('is killed in mid-build: a build goes on to its end, and the next queue cleans up', async () => {
		const first = await open();
		const definition = workspace.write(
			'steady.def',
			scratchRecipe('%post\n    echo started; sleep 5; echo finished'),
		);
		const image = join(workspace.path, 'steady.sif');
		const client = start('container-builder', ['--queue', first.url, image, definition]);
		await client.until(/started/);
		first.process.child.kill('SIGKILL');
		await first.process.ended;
		const result = await client.ended;
		expect(result.status, result.stderr).toBe(0);
		expect(result.stdout).toContain('finished');
		expect((await apptainer('exec', image, 'echo', 'runs')).trim()).toBe('runs');

		const directory = join(workspace.path, 'queue');
		queue = await startQueue(directory, 'system-test', ['max: 2', 'reserve: 0', 'provider: { kind: local }']);
		await queue.untilStatus((status) => status.builders.length === 0);
	});

	it('is told to drain by SIGTERM: the build that runs gets its image, and the queue ends', async () => {
		const { url, process, untilStatus } = await open();
		await untilStatus((status) => inState(status, 'ready') === 1);
		const definition = workspace.write('drain.def', scratchRecipe('%post\n    echo started; sleep 5'));
		const image = join(workspace.path, 'drain.sif');
		const client = start('container-builder', ['--queue', url, image, definition]);
		await client.until(/started/);
		process.child.kill('SIGTERM');
		const late = await runCommand('container-builder', [
			'--queue',
			url,
			join(workspace.path, 'late.sif'),
			definition,
		]);
		expect(late.status, late.stdout).toBe(3);
		expect(late.stderr).toMatch(/^error: .*(clos|drain|end)/m);
		const result = await client.ended;
		expect(result.status, result.stderr).toBe(0);
		expect((await apptainer('exec', image, 'echo', 'runs')).trim()).toBe('runs');
		expect((await process.ended).status).toBe(0);
	});

	it('is upgraded by SIGUSR2: the next process goes on with the builder, the build, and who waits', async () => {
		const first = await open();
		await first.untilStatus((status) => inState(status, 'ready') === 1);
		const definition = workspace.write('steady.def', scratchRecipe('%post\n    echo started; sleep 6'));
		const image = (name: string): string => join(workspace.path, `${name}.sif`);
		const build = (name: string) =>
			start('container-builder', ['--queue', first.url, image(name), definition]);
		const builds = [build('one'), build('two'), build('three')];
		const before = await first.untilStatus(
			(status) => inState(status, 'leased') === 2 && status.waiting.length === 1,
		);
		first.process.child.kill('SIGUSR2');
		expect((await first.process.ended).status).toBe(0);

		queue = await startQueue(first.directory, 'system-test', [
			'max: 2',
			'reserve: 1',
			'provider: { kind: local }',
		]);
		const after = await queue.status();
		const leased = (status: typeof after): string[] =>
			status.builders
				.filter(({ state }) => state === 'leased')
				.map(({ id }) => id)
				.sort();
		expect(leased(after)).toEqual(leased(before));
		for (const { ended } of builds) {
			const result = await ended;
			expect(result.status, result.stderr).toBe(0);
		}
		for (const name of ['one', 'two', 'three'])
			expect((await apptainer('exec', image(name), 'echo', 'runs')).trim()).toBe('runs');
	});
});
