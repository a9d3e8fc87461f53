import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CommandResult, type RunningCommand, runCommand } from '../support/command.js';
import { useRecipeQueue } from '../support/recipe-queue.js';
import { scratchRecipe } from '../support/recipes.js';

const MIB = 2 ** 20;
const BIG_CONTEXT = scratchRecipe('%files\n    sent.bin /sent.bin\n\n%runscript\n    true');
const BIG_IMAGE = scratchRecipe('%post\n    dd if=/dev/urandom of=/big bs=1048576 count=300');
const LONG = scratchRecipe('%post\n    sleep 300');

/** Enough to be still on its way when the client leaves. */
const uploads = () => ({ 'app.def': BIG_CONTEXT, 'sent.bin': randomBytes(400 * MIB) });

/** A client that leaves before its build is over, in each phase; `come-back.test.ts` has those that come back. */
describe('a client that leaves', () => {
	const recipes = useRecipeQueue('leaving');
	const cb = (name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, ['--queue', recipes.url, ...args]);
	const stateOf = async (image: string): Promise<{ buildId: string; state: string } | undefined> => {
		const builds = JSON.parse((await cb('cb-status', '--mine', '--json')).stdout) as {
			buildId: string;
			state: string;
			labels: { image?: string };
		}[];
		return builds.find(({ labels }) => labels.image === image);
	};
	const untilState = async (image: string, state: string): Promise<string> => {
		for (;;) {
			const build = await stateOf(image);
			if (build?.state === state) return build.buildId;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	};
	const begin = (files: Readonly<Record<string, string | Uint8Array>>): [RunningCommand, string] => {
		const directory = recipes.directory(files);
		return [recipes.start(directory, ['image.sif', 'app.def']), directory];
	};
	const untilNobodyBuilds = () =>
		recipes.queue.untilStatus(
			({ builders, waiting }) => waiting.length === 0 && builders.every(({ state }) => state !== 'leased'),
		);

	it.each([
		['uploading', uploads],
		['downloading', () => ({ 'app.def': BIG_IMAGE })],
	] as const)('Ctrl-C while it is %s', async (state, makeFiles) => {
		const files = makeFiles();
		const [client, directory] = begin(files);
		const image = `${directory}/image.sif`;
		await client.until(state === 'uploading' ? /Transferring build context/ : /Transferring image\.sif/);
		client.child.kill('SIGINT');
		const result = await client.ended;
		expect(result.stderr).toContain('User requested exit');
		expect(result.status).toBe(130);
		expect(readdirSync(directory).sort()).toEqual(Object.keys(files).sort());
		await untilNobodyBuilds();
		expect(await stateOf(image)).toMatchObject({ state: 'canceled' });
	});

	it('Ctrl-C while it is queued', async () => {
		const others = [begin({ 'app.def': LONG }), begin({ 'app.def': LONG })];
		for (const [, directory] of others) await untilState(`${directory}/image.sif`, 'building');
		const [client, directory] = begin({ 'app.def': LONG });
		await recipes.queue.untilStatus(({ waiting }) => waiting.length === 1);
		client.child.kill('SIGINT');
		expect((await client.ended).status).toBe(130);
		expect((await recipes.queue.status()).waiting).toEqual([]);
		expect(await stateOf(`${directory}/image.sif`)).toMatchObject({ state: 'canceled' });
		for (const [other] of others) other.child.kill('SIGINT');
		await untilNobodyBuilds();
	});

	it('SIGKILL while it is uploading: nobody has the rest, which is told, and the builder is given back', async () => {
		const [client, directory] = begin(uploads());
		await client.until(/Transferring build context/);
		client.child.kill('SIGKILL');
		await client.ended;
		const build = await stateOf(`${directory}/image.sif`);
		expect(build?.state).toBe('uploading');
		await untilNobodyBuilds();
		const attached = await cb('cb-attach', build?.buildId ?? '', `${directory}/image.sif`);
		expect(attached.stderr).toMatch(/^error: the build \S+ is over, it has failed: .+$/m);
		expect(attached.status).toBe(2);
		expect(readdirSync(directory).sort()).toEqual(['app.def', 'sent.bin']);
	});
});
