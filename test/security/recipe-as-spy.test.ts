import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, runCommand, start } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../support/leftovers.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MARKER = 'marker-that-a-spy-must-find-4711';

/**
 * A recipe whose root reads all that there is on its builder, tries whatever looks like a key on whatever answers, and looks
 * for the build of somebody else that goes on beside it.
 */
describe.each(['shared', 'isolated'])('the root of a recipe, network %s', (network) => {
	const place = temporaryDirectory();
	let before: Leftovers;
	let queue: GuardedQueue;
	beforeAll(async () => {
		before = leftovers();
		queue = await guardedQueue(place, {
			owner: `spied-${network}`,
			pool: `{ max: 2, reserve: 1, network: ${network}, provider: { kind: local } }`,
		});
	});
	afterAll(async () => {
		await queue.close();
		await expectNothingLeft(before);
	});

	it('finds nothing that opens anything, and nothing of anybody else', async () => {
		const [alice, bob] = [await queue.token('add', 'alice'), await queue.token('add', 'bob')];
		place.write('bob-secret', 'what-bob-alone-may-know');
		place.write(
			'bob.def',
			scratchRecipe('%post\n    echo "$(cat /run/secrets/bob)" > /of-bob; echo begun; sleep 60'),
		);
		const bobs = start('container-builder', ['--secret', 'id=bob,src=bob-secret', 'bob.sif', 'bob.def'], {
			cwd: place.path,
			environment: queue.environment(bob),
		});
		await bobs.until(/^begun$/m);

		// The queue knows keys by now: all of these would be of use.
		await runCommand('cb-queue', ['key', '--config', queue.config]);
		const spy = readFileSync(join(root, 'test/support/spy.mjs'), 'utf8');
		place.write(
			'spy.def',
			scratchRecipe(
				`%post\n    env | sed 's/^/SPY env /'; cat /proc/*/environ | tr '\\0' '\\n' | sed 's/^/SPY env /'; ls -d /proc/[0-9]*`,
			).replace(
				'%setup\n',
				`%setup\n    cat > /tmp/spy.mjs <<'END-OF-SPY'\n${spy}\nEND-OF-SPY\n    printf ${MARKER} > /tmp/mine; node /tmp/spy.mjs ${MARKER} '${queue.url}'\n`,
			),
		);
		const spied = await runCommand('container-builder', ['spy.sif', 'spy.def'], {
			cwd: place.path,
			environment: queue.environment(alice),
		});
		bobs.child.kill('SIGINT');
		await bobs.ended;
		expect(spied.status, spied.stderr).toBe(0);
		const { stdout } = spied;

		// It could find what there is to find, and has tried.
		expect(stdout).toContain('SPY marker /tmp/mine');
		expect(stdout).toMatch(/^SPY candidates \d+$/m);
		expect(stdout).toMatch(/^SPY process \S*apptainer build /m);
		expect(stdout).toMatch(/^SPY asked wss:.* queue /m);

		expect(stdout).not.toContain('OPENED');
		expect(stdout).not.toMatch(/^SPY process .*cb-queue/m);
		if (network === 'isolated') expect(stdout).not.toMatch(/^SPY asked wss:.*HTTP/m);
		else expect(stdout).toMatch(/^SPY asked wss:\S+ queue HTTP\/1\.1 401/m);
		const store = readdirSync(join(place.path, `spied-${network}-store`));
		expect(store).toContain('provenance.pem');
		const key = readFileSync(join(place.path, `spied-${network}-store/provenance.pem`), 'utf8').split(
			'\n',
		)[1];
		for (const secret of [alice, bob, 'what-bob-alone-may-know', 'of-bob', key ?? '?']) {
			expect(stdout).not.toContain(secret);
		}
	});
});
