import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandResult, type RunningCommand, start } from '../support/command.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

describe('a recipe that takes all it can get', () => {
	const workspace = useWorkspace();

	const build = (name: string, text: string, ...options: string[]): RunningCommand =>
		start('container-builder', [
			...options,
			join(workspace.path, `${name}.sif`),
			workspace.write(`${name}.def`, text),
		]);
	/** The greedy build fails as its own fault; the one beside it does not notice. */
	const expectOnlyTheGreedyFails = async (greedy: RunningCommand): Promise<CommandResult> => {
		await greedy.until(/greedy begins/);
		const neighbour = await build('neighbour', scratchRecipe('%post\n    seq 1000 | tail -n 1')).ended;
		expect(neighbour.status, neighbour.stderr).toBe(0);
		expect(existsSync(join(workspace.path, 'neighbour.sif'))).toBe(true);
		const result = await greedy.ended;
		expect([1, 5], result.stderr).toContain(result.status);
		expect(result.stderr.match(/^error: /gm), result.stderr).toHaveLength(1);
		expect(existsSync(join(workspace.path, 'greedy.sif'))).toBe(false);
		return result;
	};

	it('2,000 processes: the limit bites, the build beside it goes on', async () => {
		const greedy = build(
			'greedy',
			scratchRecipe(`%post
    echo greedy begins
    n=0
    while [ $n -lt 2000 ]; do sleep 20 & n=$((n + 1)); done
    echo "all 2000 run"`),
			'--limit-processes',
			'256',
		);
		const result = await expectOnlyTheGreedyFails(greedy);
		expect(result.stdout).not.toContain('all 2000 run');
	});

	it('the whole disk: the limit bites, the build beside it goes on', async () => {
		const greedy = build(
			'greedy',
			scratchRecipe('%post\n    echo greedy begins\n    dd if=/dev/zero of=/fill bs=1M count=100000'),
			'--limit-disk',
			'300MiB',
		);
		const result = await expectOnlyTheGreedyFails(greedy);
		expect(`${result.stdout}${result.stderr}`).toMatch(/No space left on device/);
	});

	it('memory without end: the limit bites, the build beside it goes on', async () => {
		const greedy = build(
			'greedy',
			scratchRecipe('%post\n    echo greedy begins\n    dd if=/dev/zero of=/dev/null bs=2000M count=1'),
			'--limit-memory',
			'512MiB',
		);
		await expectOnlyTheGreedyFails(greedy);
	});
});
