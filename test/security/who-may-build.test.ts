import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, type RunningCommand, runCommand, start } from '../support/command.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../support/leftovers.js';
import { type Munged, startMunged } from '../support/munged.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const QUEUE = `owner: guarded
listen: ['wss://127.0.0.1:0']
tls: { certificate: queue.pem, key: queue.key }
authentication: { tokens: { file: tokens.json }, munge: {} }
users: { byGroup: { operators: { operator: true } } }
store: memory
pool: { max: 3, reserve: 1, provider: { kind: local } }
`;

/** A queue on a network, with a certificate that clients pin; builders are real ones. */
describe('a queue that knows its users', () => {
	const place = temporaryDirectory();
	let before: Leftovers;
	let munged: Munged;
	let queue: RunningCommand;
	let address: Record<string, string>;
	beforeAll(async () => {
		before = leftovers();
		const at = (name: string): string => join(place.path, name);
		place.write('queue.yaml', QUEUE);
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
		const { fingerprint256 } = new X509Certificate(readFileSync(at('queue.pem')));
		munged = await startMunged(place);
		queue = start('cb-queue', ['--config', at('queue.yaml')], {
			environment: { PATH: `${munged.bin}:${process.env.PATH}` },
		});
		await queue.until(/"msg":"listening"/);
		const [, url = ''] = /"endpoints":\["([^"]+)"\]/.exec(queue.said.stderr) ?? [];
		address = { CONTAINER_BUILDER_QUEUE: url, CONTAINER_BUILDER_QUEUE_FINGERPRINT: fingerprint256 };
		place.write('quick.def', scratchRecipe('%post\n    echo built'));
		place.write('slow.def', scratchRecipe('%post\n    echo begun; sleep 120'));
	});
	afterAll(async () => {
		queue.child.kill('SIGINT');
		expect((await queue.ended).status).toBe(0);
		await munged.close();
		await expectNothingLeft(before);
	});

	const token = async (...words: string[]): Promise<string> => {
		const { status, stdout, stderr } = await runCommand('cb-queue', [
			...['token', ...words, '--config', join(place.path, 'queue.yaml')],
		]);
		expect(status, stderr).toBe(0);
		return stdout.trim();
	};
	const environmentOf = (secret?: string): Record<string, string> => ({
		...address,
		...(secret === undefined ? {} : { CONTAINER_BUILDER_TOKEN: secret }),
	});
	const as = (secret: string | undefined, name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, args, { cwd: place.path, environment: environmentOf(secret) });
	const audited = (): Record<string, unknown>[] =>
		queue.said.stderr
			.split('\n')
			.filter((line) => line.includes('"audit"'))
			.map((line) => JSON.parse(line) as Record<string, unknown>);

	it('builds for who has a token', async () => {
		const alice = await token('add', 'alice');
		const built = await as(alice, 'container-builder', 'alice.sif', 'quick.def');
		expect(built.status, built.stderr).toBe(0);
		expect(existsSync(join(place.path, 'alice.sif'))).toBe(true);
		expect(audited()).toContainEqual(
			expect.objectContaining({ audit: 'checkout', user: 'alice', method: 'tokens' }),
		);
		expect(queue.said.stderr).not.toContain(alice.slice(17));
	});

	it('refuses who has none, a wrong one, or one that was taken back, and tells what to do', async () => {
		const carol = await token('add', 'carol');
		await token('remove', carol.slice(4, 16));
		for (const secret of [undefined, 'cbt_wrong', carol, `${carol.slice(0, -1)}A`, 'MUNGE:AwQFAAA=:']) {
			const refused = await as(secret, 'container-builder', 'none.sif', 'quick.def');
			expect(refused.status).toBe(3);
			expect(refused.stderr).toMatch(
				/^error: (this queue wants to know who you are|the (token|MUNGE credential) is not .+)$/m,
			);
			expect(refused.stderr).toContain('CONTAINER_BUILDER_TOKEN');
			expect(existsSync(join(place.path, 'none.sif'))).toBe(false);
		}
		expect(audited()).toContainEqual(
			expect.objectContaining({ audit: 'connect-refused', code: 'unauthenticated' }),
		);
	});

	it('knows an account of the site by its munged, without any token, and nobody by another', async () => {
		const environment = { ...environmentOf(), PATH: `${munged.bin}:${process.env.PATH}` };
		const built = await runCommand('container-builder', ['munge.sif', 'quick.def'], {
			cwd: place.path,
			environment,
		});
		expect(built.status, built.stderr).toBe(0);
		expect(audited()).toContainEqual(
			expect.objectContaining({ audit: 'checkout', user: userInfo().username, method: 'munge' }),
		);
	});

	it('keeps what one builds from others, and lets operators end it', async () => {
		const alice = await token('add', 'alice');
		const mallory = await token('add', 'mallory');
		const oscar = await token('add', 'oscar', '--group', 'operators');
		const build = start('container-builder', ['slow.sif', 'slow.def'], {
			cwd: place.path,
			environment: environmentOf(alice),
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
		expect(audited()).toContainEqual(expect.objectContaining({ audit: 'cancel', user: 'oscar', buildId }));
		expect(audited()).toContainEqual(
			expect.objectContaining({ audit: 'resume-refused', user: 'mallory', buildId }),
		);
	});
});
