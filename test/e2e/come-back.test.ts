import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type CommandResult, type RunningCommand, runCommand, start } from '../support/command.js';
import { apptainer } from '../support/in-image.js';
import { startQueue, type TestQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

const POOL = ['max: 2', 'reserve: 1', 'provider: { kind: local }'];
const SETTINGS = ['reconcile: 2s'];

/** A build that can be come back to, with a real queue and real builders. */
describe('a client that is gone, and another one that comes back', () => {
	const workspace = useWorkspace();
	let queue: TestQueue;
	afterEach(() => queue.close());

	const startOne = async (): Promise<void> => {
		const directory = join(workspace.path, 'queue');
		if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
		queue = await startQueue(directory, 'come-back', POOL, SETTINGS);
	};
	const recipe = (seconds: number): string =>
		workspace.write(
			'recipe.def',
			scratchRecipe(
				`%post\n    for number in $(seq ${seconds}); do echo "second $number"; sleep 1; done\n\n%runscript\n    echo it runs\n`,
			),
		);
	const begin = (image: string, seconds: number, ...options: string[]): RunningCommand =>
		start('container-builder', ['--queue', queue.url, ...options, image, recipe(seconds)], {
			cwd: workspace.path,
		});
	const cb = (name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, ['--queue', queue.url, ...args], { cwd: workspace.path });
	const mine = async (): Promise<{ buildId: string; state: string }[]> =>
		JSON.parse((await cb('cb-status', '--mine', '--json')).stdout);
	const expectImage = async (name: string): Promise<void> =>
		expect((await apptainer('run', join(workspace.path, name))).trim()).toBe('it runs');
	const expectAll = (output: string, seconds: number): void =>
		expect(output.match(/^second \d+$/gm)).toEqual(
			Array.from({ length: seconds }, (_, index) => `second ${index + 1}`),
		);

	it('--detach: the queue is killed and another takes over, then output and image are had in full', async () => {
		await startOne();
		const { status, stdout, stderr } = await begin('image.sif', 8, '--detach').ended;
		expect(status, stderr).toBe(0);
		const id = stdout.trim();
		queue.process.child.kill('SIGKILL');
		await queue.process.ended;
		await startOne();
		const attached = await cb('cb-attach', id);
		expect(attached.status, attached.stderr).toBe(0);
		expectAll(attached.stdout, 8);
		await expectImage('image.sif');
	});

	it.each([['SIGKILL'], ['SIGHUP']] as const)('%s while it builds', async (signal) => {
		await startOne();
		const client = begin('image.sif', 6);
		await client.until(/^second 2$/m);
		client.child.kill(signal);
		await client.ended;
		expect(existsSync(join(workspace.path, 'image.sif'))).toBe(false);
		const [build] = await mine();
		expect(build?.state).toBe('building');
		const attached = await cb('cb-attach', build?.buildId ?? '');
		expect(attached.status, attached.stderr).toBe(0);
		expectAll(attached.stdout, 6);
		await expectImage('image.sif');
		expect(await mine()).toMatchObject([{ state: 'succeeded' }]);
	});

	it('SIGKILL while it fetches the image: nothing is there under its name, and another one has all of it', async () => {
		await startOne();
		const big = workspace.write(
			'big.def',
			scratchRecipe(
				'%post\n    dd if=/dev/urandom of=/big bs=1048576 count=200\n\n%runscript\n    echo it runs\n',
			),
		);
		const client = start('container-builder', ['--queue', queue.url, 'image.sif', big], {
			cwd: workspace.path,
		});
		await client.until(/Transferring image\.sif/);
		client.child.kill('SIGKILL');
		await client.ended;
		expect(workspace.files()).not.toContain('image.sif');
		const [build] = await mine();
		const attached = await cb('cb-attach', '--tail', '0', build?.buildId ?? '');
		expect(attached.status, attached.stderr).toBe(0);
		expect(attached.stdout).toBe('');
		await expectImage('image.sif');
	});

	it('SIGKILL of one that had come back, when the build is over', async () => {
		await startOne();
		const id = (await begin('image.sif', 2, '--detach').ended).stdout.trim();
		const first = start('cb-attach', ['--queue', queue.url, id, '/dev/full/none.sif'], {
			cwd: workspace.path,
		});
		await first.ended;
		const second = start('cb-logs', ['--queue', queue.url, '--follow', id]);
		await second.until(/^second 2$/m);
		second.child.kill('SIGKILL');
		await second.ended;
		// Longer than the queue waits for a sign of life.
		await new Promise((resolve) => setTimeout(resolve, 7_000));
		const attached = await cb('cb-attach', '--tail', '1', id);
		expect(attached.status, attached.stderr).toBe(0);
		await expectImage('image.sif');
	});

	it('in line nothing is lost but the place, and cb-cancel ends what nobody wants', async () => {
		await startOne();
		const ids = [
			(await begin('one.sif', 60, '--detach').ended).stdout.trim(),
			(await begin('two.sif', 60, '--detach').ended).stdout.trim(),
		];
		const waiting = begin('three.sif', 1);
		await queue.untilStatus((status) => status.waiting.length === 1);
		waiting.child.kill('SIGKILL');
		await queue.untilStatus((status) => status.waiting.length === 0);
		const canceled = await cb('cb-cancel', ...ids);
		expect(canceled.stdout).toBe(ids.map((id) => `${id}: canceled\n`).join(''));
		await queue.untilStatus(({ builders }) => builders.every(({ state }) => state !== 'leased'));
		const attached = await cb('cb-attach', ids[0] ?? '');
		expect(attached).toMatchObject({ status: 2, stderr: expect.stringMatching(/^error: .*was canceled/m) });
	});
});
