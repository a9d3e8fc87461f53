import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containerBuilder } from '../../src/commands/container-builder.js';
import { logDirectory } from '../../src/log/log-directory.js';
import { logsToRemove } from '../../src/log/logs-to-remove.js';
import { run } from '../support/recorder.js';
import { startSite } from '../support/site.js';

async function build(backend: string, ...options: string[]) {
	const site = await startSite({ backend });
	const directory = join(site.directory, 'work');
	const state = join(site.directory, 'state');
	mkdirSync(directory);
	writeFileSync(join(directory, 'hello.def'), 'Bootstrap: scratch\n');
	const argv = ['--queue', site.url, ...options, 'hello.sif', 'hello.def'];
	const ended = await run(containerBuilder, argv, { environment: { XDG_STATE_HOME: state }, directory });
	return { ...ended, state, logs: join(state, 'container-builder', 'logs') };
}

test('a failed build names the command, and the file with all of its output', async () => {
	const backend =
		'i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; echo "+ make -j all"; echo no; exit 2';
	const { status, stderr, logs } = await build(backend);
	expect(status).toBe(1);
	const [log = ''] = readdirSync(logs);
	expect(stderr).toContain(
		`  | no\nThe command that failed: make -j all\nThe whole output: ${join(logs, log)}\nerror: `,
	);
	const lines = readFileSync(join(logs, log), 'utf8').split('\n');
	expect(lines).toHaveLength(53);
	expect(lines[0]).toBe('line 0');
	expect(statSync(join(logs, log)).mode & 0o777).toBe(0o600);
	expect(statSync(logs).mode & 0o777).toBe(0o700);
});

test('a command that a limit has ended is not told to have failed', async () => {
	const { status, stderr } = await build('echo "+ make -j all"; exec sleep 60', '--limit-time', '200ms');
	expect(status).toBe(5);
	expect(stderr).toContain('The last command: make -j all\n');
});

test('a file that cannot be written fails nothing, and is not named', async () => {
	const site = await startSite({ backend: 'echo one; exit 2' });
	writeFileSync(join(site.directory, 'hello.def'), 'Bootstrap: scratch\n');
	writeFileSync(join(site.directory, 'state'), '');
	const { status, stderr } = await run(containerBuilder, ['--queue', site.url, 'hello.sif', 'hello.def'], {
		environment: { XDG_STATE_HOME: join(site.directory, 'state') },
		directory: site.directory,
	});
	expect(status).toBe(1);
	expect(stderr).toContain('  | one\nerror: ');
});

test('only the newest are kept', async () => {
	const log = (index: number, size = 1) => ({ name: `${index}.log`, size, modifiedAt: index });
	const twelve = Array.from({ length: 12 }, (_, index) => log(index));
	expect(logsToRemove(twelve)).toEqual(['1.log', '0.log']);
	expect(logsToRemove([log(1, 2 ** 20), log(2, 2 ** 30), log(3)])).toEqual(['2.log', '1.log']);
	expect(logsToRemove([log(1, 2 ** 30)])).toEqual([]);
});

test.each([
	[{ XDG_STATE_HOME: '/state', HOME: '/home/a' }, '/state/container-builder/logs'],
	[{ XDG_STATE_HOME: 'state', HOME: '/home/a' }, '/home/a/.local/state/container-builder/logs'],
	[{}, undefined],
])('%j: %s', (environment, path) => {
	expect(logDirectory(environment)).toBe(path);
});
