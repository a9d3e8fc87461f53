import { access, mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Backend, type BackendJob, sleep } from '@olcf/container-builder-core';
import { MAX_SECRET_BYTES } from '@olcf/container-builder-core/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, collectAll } from './support/collect.js';
import { request, type StartedBuilder, shell, startBuilder } from './support/start-builder.js';

const VALUE = 'a-value-that-nobody-may-see';
const SECRETS = [
	{ id: 'token', value: Buffer.from(VALUE).toString('base64') },
	{ id: 'key.pem', value: Buffer.from([0, 1, 2, 255]).toString('base64') },
];
const IN_BASE64 = SECRETS[0]?.value ?? '';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-secrets-test-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

/** Runs a script that finds the directory of its secrets in `ARGUMENT_SECRETS`, and keeps its job. */
function revealing(text: string): { readonly backend: Backend; readonly jobs: BackendJob[] } {
	const inner = shell(text);
	const jobs: BackendJob[] = [];
	const execute: Backend['execute'] = async (job, options) => {
		jobs.push(job);
		const SECRETS = dirname(job.secrets[0]?.path ?? '');
		return await inner.execute({ ...job, arguments: { ...job.arguments, SECRETS } }, options);
	};
	return { backend: { ...inner, execute }, jobs };
}

async function exists(path: string): Promise<boolean> {
	return await access(path).then(
		() => true,
		() => false,
	);
}

/** The directory of the secrets, once the backend has said that it runs. */
async function running(jobs: readonly BackendJob[]): Promise<string> {
	while (!(await exists(join(directory, 'runs')))) await sleep(5);
	const path = jobs[0]?.secrets[0]?.path;
	if (path === undefined) throw new Error('there are no secrets');
	expect(await readFile(path, 'utf8')).toBe(VALUE);
	return dirname(path);
}

/** Everything that anybody may ask a daemon for. */
async function said(builder: StartedBuilder): Promise<string> {
	const client = builder.connect();
	const events = await collectAll(client.states());
	const output = (await collect(client.output())).toString();
	return JSON.stringify([events, output, await client.state(), await client.info()]);
}

describe('secrets', () => {
	it('are in files in memory while the backend runs, and gone when it has ended', async () => {
		const { backend, jobs } = revealing(`
			stat -c '%a %n' "$ARGUMENT_SECRETS" "$ARGUMENT_SECRETS"/* > ${directory}/modes
			cat "$ARGUMENT_SECRETS/token" > ${directory}/token
			cat "$ARGUMENT_SECRETS/key.pem" > ${directory}/key
			tr '\\0' ' ' < /proc/$PPID/cmdline > ${directory}/arguments
			env > ${directory}/environment
			cp "$DEFINITION" "$IMAGE"
		`);
		await using builder = await startBuilder([backend]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ secrets: SECRETS }));
		const text = await said(builder);
		expect(await client.state()).toMatchObject({ phase: 'built' });
		const [job] = jobs;
		expect(job?.secrets.map(({ id }) => id)).toEqual(['token', 'key.pem']);
		expect(await readFile(join(directory, 'token'), 'utf8')).toBe(VALUE);
		expect(await readFile(join(directory, 'key'))).toEqual(Buffer.from([0, 1, 2, 255]));
		const modes = (await readFile(join(directory, 'modes'), 'utf8')).trim().split('\n');
		expect(modes.map((line) => line.split(' ')[0])).toEqual(['711', '600', '600']);
		const place = dirname(job?.secrets[0]?.path ?? '');
		expect((await statfs(dirname(place))).type).toBe(0x01021994);
		expect(await exists(place)).toBe(false);
		for (const seen of [
			text,
			await readFile(join(directory, 'environment'), 'utf8'),
			await readFile(join(directory, 'arguments'), 'utf8'),
		]) {
			expect(seen).not.toContain(VALUE);
			expect(seen).not.toContain(IN_BASE64);
		}
	});

	it.each([
		['a failure', 'exit 3', 'failed'],
		['a stranger’s signal', 'kill -KILL $$', 'failed'],
		['no image', 'true', 'failed'],
	])('are gone after %s', async (_name, text, phase) => {
		const { backend, jobs } = revealing(`touch ${directory}/runs; sleep 0.2; ${text}`);
		await using builder = await startBuilder([backend]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ secrets: SECRETS }));
		const place = await running(jobs);
		const text2 = await said(builder);
		expect((await client.state()).phase).toBe(phase);
		expect(await exists(place)).toBe(false);
		expect(text2).not.toContain(VALUE);
	});

	it.each([[false], [true]])('are gone after a cancellation (force: %s)', async (force) => {
		const { backend, jobs } = revealing(
			`${force ? "trap '' TERM;" : ''} touch ${directory}/runs; while :; do sleep 0.05; done`,
		);
		await using builder = await startBuilder([backend]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ secrets: SECRETS }));
		const place = await running(jobs);
		await client.cancel({ force });
		expect((await client.state()).phase).toBe('canceled');
		expect(await exists(place)).toBe(false);
	});

	it('are gone when the daemon ends under a build', async () => {
		const { backend, jobs } = revealing(`touch ${directory}/runs; while :; do sleep 0.05; done`);
		await using builder = await startBuilder([backend]);
		await builder.lease();
		await builder.connect().start(request({ secrets: SECRETS }));
		const place = await running(jobs);
		await builder.server.close();
		expect(await exists(place)).toBe(false);
	});

	it('are gone when the backend cannot be started, and when it throws', async () => {
		const places: string[] = [];
		const broken: Backend = {
			...shell('true'),
			execute: async ({ secrets }) => {
				places.push(dirname(secrets[0]?.path ?? ''));
				throw new Error('no backend today');
			},
		};
		await using builder = await startBuilder([broken]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ secrets: SECRETS }));
		await collectAll(client.states());
		expect(await client.state()).toMatchObject({ phase: 'failed', error: { message: 'no backend today' } });
		expect(places).toHaveLength(1);
		expect(await exists(places[0] ?? '')).toBe(false);
	});

	it('are refused where there are too many bytes, or two of one id', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		const half = Buffer.alloc(MAX_SECRET_BYTES / 2 + 1, 'x').toString('base64');
		const tooLarge = [
			{ id: 'a', value: half },
			{ id: 'b', value: half },
		];
		await expect(client.start(request({ secrets: tooLarge }))).rejects.toMatchObject({
			code: 'size-limit',
			message: expect.stringContaining(`at most ${MAX_SECRET_BYTES}`),
		});
		const twice = [...SECRETS, ...SECRETS];
		await expect(client.start(request({ secrets: twice }))).rejects.toThrow(/two secrets of the id token/);
		await expect(client.start(request({ secrets: [{ id: '../x', value: '' }] }))).rejects.toMatchObject({
			code: 'protocol',
		});
		expect(await client.start(request())).toMatchObject({ phase: 'building' });
		await collectAll(client.states());
	});

	it('leave the rest of the job as it was asked for', async () => {
		const { backend, jobs } = revealing('cp "$DEFINITION" "$IMAGE"');
		await using builder = await startBuilder([backend]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ kind: 'dockerfile', definition: 'FROM scratch AS one\n', target: 'one' }));
		await collectAll(client.states());
		expect(jobs[0]).toMatchObject({ target: 'one', mirrors: [], secrets: [] });
	});
});
