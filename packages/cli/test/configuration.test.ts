import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cbDoctor } from '../src/commands/cb-doctor.js';
import { cbStatus } from '../src/commands/cb-status.js';
import { containerBuilder } from '../src/commands/container-builder.js';
import { loadUserConfiguration } from '../src/configuration/load-user-configuration.js';
import { queueAddress } from '../src/queue-address.js';
import { run } from './support/recorder.js';
import { startSite } from './support/site.js';

let home: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'configuration-'));
	mkdirSync(join(home, '.config', 'container-builder'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const FINGERPRINT = 'a'.repeat(64);

function write(text: string, name = 'config.yaml'): string {
	const path = join(home, '.config', 'container-builder', name);
	writeFileSync(path, text, { mode: 0o600 });
	return path;
}

const load = (option?: string, environment: NodeJS.ProcessEnv = { HOME: home }) =>
	loadUserConfiguration({ option, environment, directory: home });

describe('the file', () => {
	test('is where XDG has it, or where option or environment name it', async () => {
		const path = write('queue: q.example:1\n');
		const other = join(home, 'other.yaml');
		writeFileSync(other, 'queue: other.example:1\n');
		expect(await load()).toMatchObject({ path, queue: 'q.example:1' });
		expect(await load(undefined, { XDG_CONFIG_HOME: join(home, '.config') })).toMatchObject({ path });
		expect(await load(undefined, { HOME: home, CONTAINER_BUILDER_CONFIG: other })).toMatchObject({
			path: other,
		});
		expect(await load('other.yaml', { HOME: home })).toMatchObject({ queue: 'other.example:1' });
	});

	test('may be absent, but not one that was named', async () => {
		expect(await load()).toEqual({ queues: {}, options: {}, local: {} });
		expect(await load(undefined, {})).toMatchObject({ queues: {} });
		await expect(load('none.yaml')).rejects.toMatchObject({
			code: 'invalid-configuration',
			message: expect.stringContaining('none.yaml cannot be read'),
		});
	});

	test('may be empty', async () => {
		write('');
		expect(await load()).toMatchObject({ queues: {}, options: {} });
	});

	test.each([
		['queue: nowhere\n', '1:8: queue must be a URL, or one of the queues: there are none'],
		['queues:\n  lab: {}\n', '2:8: queues.lab.url is missing: it must be text'],
		['optoins: {}\n', '1:1: unknown: optoins. Allowed here: queue, queues, options, local'],
		['options:\n  compress: lz4\n', '2:13: options.compress must be one of: zstd, gzip'],
		['options:\n  force: true\n', '2:3: options unknown: force. Allowed here: authfile'],
		['options: { limit-time: soon }\n', 'options.limit-time must be a length of time'],
		['queue: [\n', '2:1: '],
	])('%j: says what is wrong, and where', async (text, message) => {
		const path = write(text);
		await expect(load()).rejects.toMatchObject({
			code: 'invalid-configuration',
			message: expect.stringContaining(`${path}:${message}`.replace(`${path}:options.`, 'options.')),
		});
	});
});

describe('a queue', () => {
	const FILE = `
queue: summit
queues:
  summit:
    url: wss://queue.example:8443
    fingerprint: ${FINGERPRINT}
    token-file: summit.token
  lab: { url: ws://lab.example:1, insecure: true }
`;

	test('is the default one, or one of that name', async () => {
		write(FILE);
		write('secret\n', 'summit.token');
		const configuration = await load();
		expect(queueAddress({}, {}, configuration)).toEqual({
			endpoint: { url: 'wss://queue.example:8443', fingerprint: FINGERPRINT },
			token: 'secret',
			insecure: false,
		});
		expect(queueAddress({ queue: 'lab' }, {}, configuration)).toMatchObject({
			endpoint: { url: 'ws://lab.example:1' },
			insecure: true,
		});
		const environment = { CONTAINER_BUILDER_QUEUE: 'lab', QUEUE_HOST: 'old.example' };
		expect(queueAddress({}, environment, configuration)?.endpoint.url).toBe('ws://lab.example:1');
		expect(queueAddress({}, { QUEUE_HOST: 'old.example' }, configuration)?.endpoint.url).toBe(
			'wss://old.example:8080',
		);
		expect(queueAddress({ queue: 'q.example' }, {}, configuration)?.token).toBeUndefined();
		// As --parsable prints it.
		expect(queueAddress({ queue: 'wss://queue.example:8443' }, {}, configuration)).toEqual(
			queueAddress({ queue: 'summit' }, {}, configuration),
		);
		const token = { CONTAINER_BUILDER_TOKEN: 'other' };
		expect(queueAddress({ queue: 'summit' }, token, configuration)?.token).toBe('other');
	});

	test.each([
		['may be read by others', (path: string) => chmodSync(path, 0o644), 'chmod 600'],
		['is empty', (path: string) => writeFileSync(path, '\n'), undefined],
		['cannot be read', (path: string) => rmSync(path), undefined],
	])('whose token file %s is refused', async (message, spoil, hint) => {
		write(FILE);
		spoil(write('secret\n', 'summit.token'));
		const configuration = await load();
		expect(() => queueAddress({}, {}, configuration)).toThrow(
			expect.objectContaining({
				code: 'invalid-configuration',
				message: expect.stringContaining(message),
				...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }),
			}),
		);
	});
});

describe('a command', () => {
	test('goes to the configured queue, with the configured options, which its own precede', async () => {
		const backend = 'sleep 60';
		const site = await startSite({ backend });
		write(
			`queue: here\nqueues: { here: { url: '${site.url}' } }\noptions: { limit-time: 200ms, progress: quiet }\n`,
		);
		writeFileSync(join(home, 'hello.def'), 'Bootstrap: scratch\n');
		const call = { environment: { HOME: home }, directory: home };
		const build = (...more: string[]) => run(containerBuilder, [...more, 'hello.sif', 'hello.def'], call);
		const configured = await build();
		expect(configured.status).toBe(5);
		expect(configured.stderr).toContain('error: the build took longer than 0.2 s');
		expect(configured.stderr).not.toContain('Connected');
		const given = await build('--limit-time', '100ms', '--progress', 'plain');
		expect(given.stderr).toContain('error: the build took longer than 0.1 s');
		expect(given.stderr).toContain('Connected to queue');
		expect((await run(cbStatus, [], call)).status).toBe(0);
	});

	test('says what is wrong with the file, and does nothing', async () => {
		const path = write('queue: nowhere\n');
		const { status, stderr, stdout } = await run(cbStatus, ['--json'], { environment: { HOME: home } });
		expect(status).toBe(2);
		expect(stderr).toMatch(`error: ${path}:1:8: queue must be`);
		expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'invalid-configuration' } });
	});

	test('cb-doctor shows it, and tells of one that is broken among the rest', async () => {
		const findingOf = async () => {
			const { stdout } = await run(cbDoctor, ['--json'], { environment: { HOME: home } });
			const { findings } = JSON.parse(stdout) as { findings: { name: string }[] };
			return findings.find(({ name }) => name === 'configuration');
		};
		const path = write(
			"queues: { lab: { url: 'ws+unix:///none' } }\noptions: { limit-time: 4h }\nlocal: { limit-memory: 8GiB }\n",
		);
		expect(await findingOf()).toEqual({
			name: 'configuration',
			status: 'ok',
			detail: `${path}; queues: lab; options: limit-time 4 h, limit-memory 8.0 GiB; builds run on this machine`,
		});
		write("queue: lab\nqueues: { lab: { url: 'q.example', token-file: none } }\n");
		expect(await findingOf()).toMatchObject({
			status: 'problem',
			detail: expect.stringContaining('the token file'),
			remedy: expect.stringContaining('Write the token into it'),
		});
		write('queue: nowhere\n');
		expect(await findingOf()).toMatchObject({
			status: 'problem',
			detail: expect.stringContaining(`${path}:1:8`),
		});
	});
});
