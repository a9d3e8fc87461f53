import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerBuilder, ws } from '@olcf/container-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../support/leftovers.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Real images of a real queue, and what becomes of their provenance in the hands of others. */
describe('a provenance', () => {
	const place = temporaryDirectory();
	const at = (name: string): string => join(place.path, name);
	let before: Leftovers;
	let queue: GuardedQueue;
	let alice = '';
	beforeAll(async () => {
		before = leftovers();
		queue = await guardedQueue(place, { owner: 'signing' });
		alice = await queue.token('add', 'alice');
		place.write('app.txt', 'application');
		const sections = '%arguments\n    WORD=none\n%files\n    app.txt\n%post\n    echo {{ WORD }}';
		place.write('app.def', scratchRecipe(sections));
		place.write('other.def', scratchRecipe('%post\n    echo other'));
	});
	afterAll(async () => {
		await queue.close();
		await expectNothingLeft(before);
	});
	const run = (name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, args, { cwd: place.path, environment: queue.environment(alice) });
	const sha256 = (name: string): string =>
		createHash('sha256')
			.update(readFileSync(at(name)))
			.digest('hex');

	it('is written beside the image, and tells where it comes from', async () => {
		const words = ['--provenance', '--build-arg', 'WORD=given', '--parsable', 'app.sif', 'app.def'];
		const built = await run('container-builder', ...words);
		expect(built.status, built.stderr).toBe(0);
		expect(built.stderr).toContain(`Signed where it comes from: ${at('app.sif.intoto.jsonl')}`);
		const [id] = built.stdout.split(';');

		const verified = await run('cb-verify', '--json', '--definition', 'app.def', 'app.sif');
		expect(verified.status, verified.stderr).toBe(0);
		const { statement } = JSON.parse(verified.stdout);
		const { buildDefinition, runDetails } = statement.predicate;
		expect(statement.subject).toEqual([{ name: '_', digest: { sha256: sha256('app.sif') } }]);
		expect(buildDefinition.externalParameters).toMatchObject({
			definition: sha256('app.def'),
			kind: 'apptainer',
			arguments: { WORD: 'given' },
			context: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		expect(buildDefinition.internalParameters).toMatchObject({ user: 'alice', pool: 'default' });
		expect(runDetails.metadata.invocationId).toBe(id);
		expect(queue.audited()).toContainEqual(expect.objectContaining({ audit: 'attest', user: 'alice' }));

		const shown = await run('cb-verify', 'app.sif');
		expect(shown.stdout).toMatch(/^app\.sif: verified\n/);
		expect(shown.stdout).toMatch(/not verified, the builder alone says it:\n {2}backend +apptainer\n/);
	});

	it('is what openssl finds signed with the key that cb-queue prints', async () => {
		const { stdout: publicKey } = await runCommand('cb-queue', ['key', '--config', queue.config]);
		writeFileSync(at('key.pem'), publicKey);
		const { payloadType, payload, signatures } = JSON.parse(readFileSync(at('app.sif.intoto.jsonl'), 'utf8'));
		const body = Buffer.from(payload, 'base64');
		const head = `DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `;
		writeFileSync(at('signed'), Buffer.concat([Buffer.from(head), body]));
		writeFileSync(at('signature'), Buffer.from(signatures[0].sig, 'base64'));
		const words = ['-verify', '-pubin', '-inkey', at('key.pem'), '-rawin', '-in', at('signed')];
		expect(
			execFileSync('openssl', ['pkeyutl', ...words, '-sigfile', at('signature')], { encoding: 'utf8' }),
		).toContain('Signature Verified Successfully');
		const offline = await runCommand('cb-verify', ['--key', 'key.pem', 'app.sif'], { cwd: place.path });
		expect(offline.status, offline.stderr).toBe(0);
	});

	it('does not pass for that of an image or definition that was changed, nor when it was changed itself', async () => {
		copyFileSync(at('app.sif'), at('changed.sif'));
		appendFileSync(at('changed.sif'), 'x');
		const beside = ['--provenance', 'app.sif.intoto.jsonl'];
		const changed = await run('cb-verify', ...beside, 'changed.sif');
		expect([changed.status, changed.stderr]).toEqual([
			6,
			expect.stringMatching(/^error: .* another image$/m),
		]);

		const other = await run('cb-verify', '--definition', 'other.def', 'app.sif');
		expect([other.status, other.stderr]).toEqual([
			6,
			expect.stringMatching(/^error: app\.sif was not built from/m),
		]);

		const envelope = JSON.parse(readFileSync(at('app.sif.intoto.jsonl'), 'utf8'));
		const text = Buffer.from(envelope.payload, 'base64').toString('utf8');
		const payload = Buffer.from(text.replace('"alice"', '"mallory"')).toString('base64');
		writeFileSync(at('forged.jsonl'), JSON.stringify({ ...envelope, payload }));
		const forged = await run('cb-verify', '--provenance', 'forged.jsonl', 'app.sif');
		expect([forged.status, forged.stderr]).toEqual([3, expect.stringMatching(/^error: .*signed by none/m)]);
	});

	it('is not to be had of another build than was declared', async () => {
		// A client that declares one definition and has the builder build another one.
		const cheat = ws();
		let declared: unknown;
		const transport: ReturnType<typeof ws> = {
			...cheat,
			connect: async (...call) => {
				const channel = await cheat.connect(...call);
				if (call[1].channel !== 'queue') return channel;
				const send = channel.send.bind(channel);
				channel.send = (frame, options) => {
					const text = typeof frame === 'string' ? frame : undefined;
					if (!text?.includes('"declaration"')) return send(frame, options);
					declared = JSON.parse(text);
					return send(text.replace(sha256('other.def'), sha256('app.def')), options);
				};
				return channel;
			},
		};
		await using client = new ContainerBuilder({
			queue: { url: queue.url, fingerprint: queue.fingerprint },
			token: alice,
			transports: [transport],
		});
		const input = { definition: 'other.def', image: 'cheat.sif' };
		await expect(client.build(input, { directory: place.path, provenance: true })).rejects.toMatchObject({
			code: 'forbidden',
			message: 'this is not what the queue was told would be built',
		});
		expect(declared).toBeDefined();
		expect(existsSync(at('cheat.sif'))).toBe(false);
	});

	it('is signed with a key that only the queue’s owner can read', () => {
		expect(statSync(at('signing-store/provenance.pem')).mode & 0o777).toBe(0o600);
	});
});
