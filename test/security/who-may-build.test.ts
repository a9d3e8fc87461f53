import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand, start } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../support/leftovers.js';
import { type Munged, startMunged } from '../support/munged.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A queue on a network, with a certificate that clients pin; builders are real ones. */
describe('a queue that knows its users', () => {
	const place = temporaryDirectory();
	let before: Leftovers;
	let munged: Munged;
	let queue: GuardedQueue;
	beforeAll(async () => {
		before = leftovers();
		// A certificate that an administrator has made.
		const at = (name: string): string => join(place.path, name);
		const subject = ['-subj', '/CN=queue', '-addext', 'subjectAltName=IP:127.0.0.1'];
		const key = [
			'-newkey',
			'ec',
			'-pkeyopt',
			'ec_paramgen_curve:P-256',
			'-nodes',
			'-keyout',
			at('queue.key'),
		];
		execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', at('queue.pem')], {
			stdio: 'ignore',
		});
		munged = await startMunged(place);
		queue = await guardedQueue(place, {
			owner: 'guarded',
			tls: '{ certificate: queue.pem, key: queue.key }',
			authentication: ', munge: {}',
			lines: 'users: { byGroup: { operators: { operator: true } } }\n',
			pool: '{ max: 3, reserve: 1, provider: { kind: local } }',
			environment: { PATH: `${munged.bin}:${process.env.PATH}` },
		});
		const { fingerprint256 } = new X509Certificate(readFileSync(at('queue.pem')));
		expect(fingerprint256.replaceAll(':', '').toLowerCase()).toBe(queue.fingerprint);
		place.write('quick.def', scratchRecipe('%post\n    echo built'));
		place.write('slow.def', scratchRecipe('%post\n    echo begun; sleep 120'));
	});
	afterAll(async () => {
		await queue.close();
		await munged.close();
		await expectNothingLeft(before);
	});

	const as = (secret: string | undefined, name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, args, { cwd: place.path, environment: queue.environment(secret) });

	it('builds for who has a token', async () => {
		const alice = await queue.token('add', 'alice');
		const built = await as(alice, 'container-builder', 'alice.sif', 'quick.def');
		expect(built.status, built.stderr).toBe(0);
		expect(existsSync(join(place.path, 'alice.sif'))).toBe(true);
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'checkout', user: 'alice', method: 'tokens' }),
		);
		expect(queue.running.said.stderr).not.toContain(alice.slice(17));
	});

	it('refuses who has none, a wrong one, or one that was taken back, and tells what to do', async () => {
		const carol = await queue.token('add', 'carol');
		await queue.token('remove', carol.slice(4, 16));
		for (const secret of [undefined, 'cbt_wrong', carol, `${carol.slice(0, -1)}A`, 'MUNGE:AwQFAAA=:']) {
			const refused = await as(secret, 'container-builder', 'none.sif', 'quick.def');
			expect(refused.status).toBe(3);
			expect(refused.stderr).toMatch(
				/^error: (this queue wants to know who you are|the (token|MUNGE credential) is not .+)$/m,
			);
			expect(refused.stderr).toContain('CONTAINER_BUILDER_TOKEN');
			expect(existsSync(join(place.path, 'none.sif'))).toBe(false);
		}
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'connect-refused', code: 'unauthenticated' }),
		);
	});

	it('knows an account of the site by its munged, without any token, and nobody by another', async () => {
		const environment = { ...queue.environment(), PATH: `${munged.bin}:${process.env.PATH}` };
		const built = await runCommand('container-builder', ['munge.sif', 'quick.def'], {
			cwd: place.path,
			environment,
		});
		expect(built.status, built.stderr).toBe(0);
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'checkout', user: userInfo().username, method: 'munge' }),
		);
	});

	it('keeps what one builds from others, and lets operators end it', async () => {
		const alice = await queue.token('add', 'alice');
		const mallory = await queue.token('add', 'mallory');
		const oscar = await queue.token('add', 'oscar', '--group', 'operators');
		const build = start('container-builder', ['slow.sif', 'slow.def'], {
			cwd: place.path,
			environment: queue.environment(alice),
		});
		await build.until(/^begun$/m);
		const [{ buildId = '' } = {}] = JSON.parse(
			(await as(alice, 'cb-status', '--mine', '--json')).stdout,
		).filter(({ state }: { state: string }) => state === 'building');
		for (const command of ['cb-attach', 'cb-logs', 'cb-cancel']) {
			const refused = await as(mallory, command, buildId);
			expect(refused.status, command).not.toBe(0);
			expect(`${refused.stdout}${refused.stderr}`, command).not.toContain('begun');
		}
		const seen = await as(mallory, 'cb-status', '--json');
		expect(seen.stdout).not.toMatch(new RegExp(`alice|${buildId}`));
		expect((await as(mallory, 'cb-status', '--mine')).stdout).not.toContain(buildId);
		expect((await as(mallory, 'cb-status', '--all')).stderr).toMatch(
			/^error: mallory may not see the builds of others$/m,
		);
		const all = await as(oscar, 'cb-status', '--all');
		expect(all.stdout).toMatch(new RegExp(`BUILD: ${buildId}\\n(?:[A-Z]+: .*\\n)*USER: alice`));
		expect((await as(oscar, 'cb-logs', buildId)).stdout).not.toContain('begun');
		expect((await as(oscar, 'cb-cancel', buildId)).status).toBe(0);
		expect((await build.ended).status).not.toBe(0);
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'cancel', user: 'oscar', buildId }),
		);
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'resume-refused', user: 'mallory', buildId }),
		);
	});
});
