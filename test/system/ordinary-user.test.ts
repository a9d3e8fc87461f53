import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../support/busybox.js';
import { expectNothingLeft, leftovers } from '../support/leftovers.js';
import { type OrdinaryUser, ordinaryUser } from '../support/ordinary-user.js';
import { inside, writeFiles } from '../support/recipe-queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Who is not root, and has what `usermod --add-subuids` gives: builds, and leaves nothing behind. */
describe('an ordinary user', () => {
	const home = temporaryDirectory();
	const place = temporaryDirectory();
	let user: OrdinaryUser;
	let registry: Registry;
	beforeAll(async () => {
		user = ordinaryUser(home.path);
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
	});
	afterAll(() => registry.close());

	/** The image is the user's; apptainer of the test is root's, and wants to read a file of its own. */
	const own = (name: string): string => {
		copyFileSync(join(user.home, name), join(place.path, name));
		return join(place.path, name);
	};

	it('builds a definition in a sandbox of his own', async () => {
		const before = leftovers();
		writeFiles(user.home, {
			'app.def': scratchRecipe(
				'%post\n    id -u > /etc/built-by\n    echo > /etc/owned; busybox chown 1234:77 /etc/owned',
			),
		});
		const result = await user.run(
			'"$NODE" "$CHECKOUT"/packages/cli/dist/bin/container-builder.js app.sif app.def',
		).ended;
		expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
		expect(await inside(own('app.sif'), "cat /etc/built-by; stat -c '%u:%g' /etc/owned")).toBe(
			'0\n1234:77\n',
		);
		await expect.poll(() => user.left(), { timeout: 20_000 }).toEqual([]);
		await expectNothingLeft(before);
	});

	it('runs a queue, whose builders reach a port of this machine', async () => {
		const before = leftovers();
		writeFileSync(
			join(user.home, 'queue.yaml'),
			[
				'owner: ordinary',
				`listen: ['ws+unix://${user.home}/run/queue.sock']`,
				'pool:',
				...['max: 2', 'reserve: 1', 'network: isolated'].map((line) => `  ${line}`),
				`  provider: { kind: local, forward: [${registry.port}] }`,
				'',
			].join('\n'),
		);
		writeFiles(user.home, {
			Dockerfile: `FROM ${registry.host}/busybox:1\nRUN echo made > /made && chown 1234:77 /made\n`,
		});
		const result = await user.run(`
			"$NODE" "$CHECKOUT"/packages/cli/dist/bin/cb-queue.js --config queue.yaml >queue.log 2>&1 & queue=$!
			until [ -S run/queue.sock ]; do sleep 0.1; kill -0 $queue; done
			status=0
			"$NODE" "$CHECKOUT"/packages/cli/dist/bin/container-builder.js \\
				--queue "ws+unix://$HOME/run/queue.sock" file.sif Dockerfile || status=$?
			kill $queue; wait $queue || status=$?
			[ $status = 0 ] || cat queue.log
			exit $status`).ended;
		expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
		expect(await inside(own('file.sif'), "cat /made; stat -c '%u:%g' /made")).toBe('made\n1234:77\n');
		await expect.poll(() => user.left(), { timeout: 20_000 }).toEqual([]);
		await expectNothingLeft(before);
	});
});
