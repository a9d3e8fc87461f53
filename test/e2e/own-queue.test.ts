import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand, start } from '../support/command.js';
import { apptainer } from '../support/in-image.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

const RECIPE = scratchRecipe('%post\n    echo one; sleep 3; echo two\n\n%runscript\n    echo it runs\n');

/** A build without a queue that outlives its command: the user's own queue, in the background. */
describe('--detach without a queue', () => {
	const workspace = useWorkspace();
	let environment: Record<string, string>;
	let runtime: string;
	beforeEach(() => {
		runtime = join(workspace.path, 'runtime');
		mkdirSync(runtime, { mode: 0o700 });
		environment = { XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: join(workspace.path, 'state') };
	});
	afterEach(async () => {
		const pid = queuePid();
		if (pid === undefined) return;
		process.kill(pid, 'SIGINT');
		while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 50));
	});

	/** As its log tells it. */
	function queuePid(): number | undefined {
		const log = join(runtime, 'container-builder/queue.log');
		const [first] = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
		return first ? (JSON.parse(first) as { pid: number }).pid : undefined;
	}
	const cb = (name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, args, { cwd: workspace.path, environment });
	const detach = (image: string): Promise<CommandResult> =>
		cb('container-builder', '--detach', image, workspace.write('recipe.def', RECIPE));

	it('starts one for this user alone, once, which the other commands find', async () => {
		const first = await detach('one.sif');
		expect(first.status, first.stderr).toBe(0);
		expect(first.stderr).toMatch(/^Starting your own queue: .*queue\.sock$/m);
		const pid = queuePid();
		const directory = join(runtime, 'container-builder');
		expect(statSync(directory).mode & 0o777).toBe(0o700);
		const second = await detach('two.sif');
		expect(second.status, second.stderr).toBe(0);
		expect(queuePid()).toBe(pid);

		const ids = [first, second].map(({ stdout }) => stdout.trim());
		const mine = JSON.parse((await cb('cb-status', '--mine', '--json')).stdout) as { buildId: string }[];
		expect(mine.map(({ buildId }) => buildId).sort()).toEqual([...ids].sort());
		const canceled = await cb('cb-cancel', ids[1] ?? '');
		expect(canceled.stdout).toBe(`${ids[1]}: canceled\n`);
		const attached = await cb('cb-attach', ids[0] ?? '');
		expect(attached.status, attached.stderr).toBe(0);
		expect(attached.stdout.match(/^(one|two)$/gm)).toEqual(['one', 'two']);
		expect((await apptainer('run', join(workspace.path, 'one.sif'))).trim()).toBe('it runs');
	});

	it('goes on when the process group of the command is gone', async () => {
		const client = start(
			'container-builder',
			['--detach', 'one.sif', workspace.write('recipe.def', RECIPE)],
			{
				cwd: workspace.path,
				environment,
				group: true,
			},
		);
		const { stdout, status, stderr } = await client.ended;
		expect(status, stderr).toBe(0);
		// Nothing of it is left in the group that a terminal takes along.
		expect(() => process.kill(-(client.child.pid ?? 0), 'SIGKILL')).toThrow();
		const attached = await cb('cb-attach', stdout.trim());
		expect(attached.status, attached.stderr).toBe(0);
	});

	it('is refused where others could get in', async () => {
		mkdirSync(join(runtime, 'container-builder'), { mode: 0o755 });
		const { status, stderr } = await detach('one.sif');
		expect(status).toBe(2);
		expect(stderr).toMatch(/^error: .*container-builder is not yours alone$/m);
	});

	it('there is none: what looks for one says so', async () => {
		const { status, stderr } = await cb('cb-attach', 'some-build');
		expect(status).toBe(2);
		expect(stderr).toMatch(/^error: no queue is named/m);
	});
});
