import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cbAttach } from '../src/commands/cb-attach.js';
import { cbCancel } from '../src/commands/cb-cancel.js';
import { cbLogs } from '../src/commands/cb-logs.js';
import { cbStatus } from '../src/commands/cb-status.js';
import { containerBuilder } from '../src/commands/container-builder.js';
import { call, run } from './support/recorder.js';
import { startSite } from './support/site.js';

const RECIPE = 'Bootstrap: scratch\n\n%post\n    echo hello\n';
const UUID = /^[0-9a-f-]{36}\n$/;

/** A site whose builds wait for a file before they make their images. */
async function makeSite() {
	const directories: string[] = [];
	// The builder's directory is not known before.
	const gate = join('/tmp', `gate-${process.pid}-${Math.random().toString(36).slice(2)}`);
	const backend = `echo one; echo two; while [ ! -e ${gate} ]; do sleep 0.05; done; rm ${gate}; echo three; cp "$DEFINITION" "$IMAGE"`;
	onTestFinished(() => rmSync(gate, { force: true }));
	const site = await startSite({ backend });
	const directory = join(site.directory, 'work');
	mkdirSync(directory);
	directories.push(directory);
	writeFileSync(join(directory, 'hello.def'), RECIPE);
	const queue = ['--queue', site.url];
	const options = { directory };
	const detach = async (...more: string[]): Promise<string> => {
		const argv = [...queue, '--detach', ...more, 'hello.sif', 'hello.def'];
		const { status, stdout, stderr } = await run(containerBuilder, argv, options);
		expect(status, stderr).toBe(0);
		expect(stdout).toMatch(UUID);
		return stdout.trim();
	};
	return {
		...site,
		directory,
		options,
		argv: queue,
		detach,
		image: join(directory, 'hello.sif'),
		finish: () => writeFileSync(gate, ''),
	};
}

describe('a build that was left to itself', () => {
	test('goes on, is shown as one’s own, and is taken up again with output and image', async () => {
		const { argv, options, detach, image, finish, provider } = await makeSite();
		const id = await detach();
		expect(existsSync(image)).toBe(false);
		const mine = await run(cbStatus, [...argv, '--mine'], options);
		expect(mine.stdout).toContain(`BUILD: ${id}\nSTATE: building\nIMAGE: ${image}\nBUILDER: b-`);
		const attached = call(cbAttach, [...argv, id], options);
		await attached.stdout.until(/two/);
		finish();
		expect(await attached.status, attached.stderr.text).toBe(0);
		expect(attached.stdout.text).toBe('one\ntwo\nthree\n');
		expect(attached.stderr.text).toMatch(/^Built .*hello\.sif: /m);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
		await expect.poll(() => provider.machines).toEqual([]);
		const after = JSON.parse((await run(cbStatus, [...argv, '--mine', '--json'], options)).stdout);
		expect(after).toMatchObject([{ buildId: id, state: 'succeeded', labels: { image } }]);
	});

	test('tells until when it is kept', async () => {
		const { argv, options, finish } = await makeSite();
		const { stderr, status } = await run(
			containerBuilder,
			[...argv, '--detach', '--keep', '90m', 'hello.sif', 'hello.def'],
			options,
		);
		finish();
		expect(status).toBe(0);
		expect(stderr).toMatch(
			/^Its builder is kept until \d{4}-\d\d-\d\d \d\d:\d\d \(1 h 30 min\), with the image$/m,
		);
		expect(stderr).toMatch(/^hint: cb-attach [0-9a-f-]{36}$/m);
		expect(stderr).not.toContain('one');
	});

	test('--json tells it too', async () => {
		const { argv, options, finish } = await makeSite();
		const { stdout } = await run(
			containerBuilder,
			[...argv, '--detach', '--json', 'hello.sif', 'hello.def'],
			options,
		);
		finish();
		expect(JSON.parse(stdout)).toEqual({
			status: 'detached',
			id: expect.any(String),
			keptMs: expect.any(Number),
		});
	});

	test('is attached to from the last lines or some byte on, and its image goes elsewhere', async () => {
		const { argv, options, detach, image, finish, directory } = await makeSite();
		const first = await detach();
		await expect.poll(async () => (await run(cbLogs, [...argv, first], options)).stdout).toBe('one\ntwo\n');
		const attached = call(cbAttach, [...argv, '--tail', '1', first, 'other.sif'], options);
		await attached.stdout.until(/two/);
		finish();
		expect(await attached.status, attached.stderr.text).toBe(0);
		expect(attached.stdout.text).toBe('two\nthree\n');
		expect(existsSync(image)).toBe(false);
		expect(readFileSync(join(directory, 'other.sif'), 'utf8')).toBe(RECIPE);
		const second = await detach();
		finish();
		const { stdout } = await run(cbAttach, [...argv, '--from', '4', second], options);
		expect(stdout).toBe('two\nthree\n');
	});

	test('Ctrl-C leaves it again', async () => {
		const { argv, options, detach, image, finish } = await makeSite();
		const id = await detach();
		const attached = call(cbAttach, [...argv, id], options);
		await attached.stdout.until(/two/);
		attached.signals.emit('SIGINT', 'SIGINT');
		expect(await attached.status).toBe(130);
		expect(attached.stderr.text).toContain(`Left build ${id} to itself`);
		finish();
		const again = await run(cbAttach, [...argv, id], options);
		expect(again.status, again.stderr).toBe(0);
		expect(existsSync(image)).toBe(true);
	});

	test('is left alone where the image is there already, and kept where it cannot be written', async () => {
		const { argv, options, detach, image, finish } = await makeSite();
		const id = await detach();
		finish();
		writeFileSync(image, 'mine');
		const refused = await run(cbAttach, [...argv, id], options);
		expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--force') });
		const nowhere = await run(cbAttach, [...argv, id, '/proc/hello.sif'], options);
		expect(nowhere.status).not.toBe(0);
		const forced = await run(cbAttach, [...argv, '--force', id], options);
		expect(forced.status, forced.stderr).toBe(0);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
	});
});

describe('a lost terminal', () => {
	test('leaves the build to itself', async () => {
		const { argv, options, image, finish } = await makeSite();
		const build = call(containerBuilder, [...argv, 'hello.sif', 'hello.def'], options);
		await build.stdout.until(/two/);
		build.signals.emit('SIGHUP', 'SIGHUP');
		build.signals.emit('SIGHUP', 'SIGHUP');
		expect(await build.status).toBe(130);
		expect(build.exits).toEqual([]);
		const id = /Left build (\S+) to itself/.exec(build.stderr.text)?.[1] ?? '';
		finish();
		const { status, stderr } = await run(cbAttach, [...argv, id], options);
		expect(status, stderr).toBe(0);
		expect(existsSync(image)).toBe(true);
	});
});

describe('cb-logs', () => {
	test('follows to the end, and touches nothing', async () => {
		const { argv, options, detach, finish } = await makeSite();
		const id = await detach();
		const logs = call(cbLogs, [...argv, '--follow', id], options);
		await logs.stdout.until(/two/);
		finish();
		expect(await logs.status, logs.stderr.text).toBe(0);
		expect(logs.stdout.text).toBe('one\ntwo\nthree\n');
		expect(logs.stderr.text).toBe('');
		expect((await run(cbAttach, [...argv, id], options)).status).toBe(0);
	});

	test('of a build that there is not, or with options that exclude each other', async () => {
		const { argv, options } = await makeSite();
		const { status, stderr } = await run(cbLogs, [...argv, 'no-such-build'], options);
		expect(status).toBe(2);
		expect(stderr).toContain('error: the queue knows no build no-such-build of yours');
		expect((await run(cbLogs, [...argv, '--from', '1', '--tail', '1', 'x'], options)).status).toBe(2);
	});
});

describe('cb-cancel', () => {
	test('ends a build that runs, and says of one that is over how it ended', async () => {
		const { argv, options, detach, provider } = await makeSite();
		const id = await detach();
		const first = await run(cbCancel, [...argv, id], options);
		expect(first).toMatchObject({ status: 0, stdout: `${id}: canceled\n` });
		await expect.poll(() => provider.machines).toEqual([]);
		expect((await run(cbCancel, [...argv, id], options)).stdout).toBe(`${id}: canceled\n`);
		const attached = await run(cbAttach, [...argv, id], options);
		expect(attached).toMatchObject({
			status: 2,
			stderr: expect.stringContaining('is over, it was canceled'),
		});
	});

	test('several at a time, whatever is wrong with others, of which each is told', async () => {
		const { argv, options, detach } = await makeSite();
		const ids = [await detach(), await detach()];
		const { status, stdout, stderr } = await run(
			cbCancel,
			[...argv, '--json', 'no-such-build', 'nor-this-one', ...ids],
			options,
		);
		expect(status).toBe(2);
		expect(stderr).toContain('nor-this-one');
		expect(stdout).toContain(ids[0]);
		expect(stdout).toContain(ids[1]);
		expect(stderr).toContain('no-such-build');
	});
});

test.each([
	[['--detach', '--limit-memory', '1G', 'a.sif', 'hello.def'], '--limit-memory: not with --detach'],
	[['--keep', '1h', 'a.sif', 'hello.def'], '--keep goes with --detach'],
])('%j without a queue', async (argv, message) => {
	const { status, stderr } = await run(containerBuilder, argv);
	expect(status).toBe(2);
	expect(stderr).toContain(message);
});

describe('--detach --wait', () => {
	const wait = ['--detach', '--wait'];

	test('prints the id, and waits for the image all the same', async () => {
		const { argv, options, image, finish } = await makeSite();
		const waiting = call(containerBuilder, [...argv, ...wait, 'hello.sif', 'hello.def'], options);
		await waiting.stdout.until(/^[0-9a-f-]{36}\none\ntwo\n/);
		finish();
		expect(await waiting.status, waiting.stderr.text).toBe(0);
		expect(waiting.stdout.text).toMatch(/^[0-9a-f-]{36}\none\ntwo\nthree\n$/);
		expect(readFileSync(image, 'utf8')).toBe(RECIPE);
	});

	test('whose end leaves the build to itself', async () => {
		const { argv, options, image, finish } = await makeSite();
		const waiting = call(containerBuilder, [...argv, ...wait, 'hello.sif', 'hello.def'], options);
		await waiting.stdout.until(/two/);
		waiting.signals.emit('SIGTERM', 'SIGTERM');
		expect(await waiting.status).toBe(130);
		const [id = ''] = waiting.stdout.text.split('\n');
		finish();
		const again = await run(cbAttach, [...argv, id], options);
		expect(again.status, again.stderr).toBe(0);
		expect(existsSync(image)).toBe(true);
	});

	test('ends as the build does, and tells why once', async () => {
		const site = await startSite({ backend: 'echo "+ make all"; exit 3' });
		writeFileSync(join(site.directory, 'hello.def'), RECIPE);
		const { status, stderr } = await run(
			containerBuilder,
			['--queue', site.url, ...wait, 'hello.sif', 'hello.def'],
			{ directory: site.directory },
		);
		expect(status).toBe(1);
		expect(stderr.match(/The command that failed: make all/g)).toHaveLength(1);
	});

	test.each([
		[['--wait'], '--wait goes with --detach'],
		[['--wait', '--detach', '--json'], '--wait and --json exclude each other'],
		[['--parsable', '--json'], '--json and --parsable exclude each other'],
		[['--parsable', '--progress', 'json'], '--progress json and --parsable exclude each other'],
	])('%j is refused', async (flags, message) => {
		const { argv, options } = await makeSite();
		const { status, stderr } = await run(
			containerBuilder,
			[...argv, ...flags, 'hello.sif', 'hello.def'],
			options,
		);
		expect(status).toBe(2);
		expect(stderr).toContain(`error: ${message}`);
	});
});

describe('--parsable', () => {
	test('has a line for scripts on stdout, and nothing else', async () => {
		const { argv, options, image, finish, url } = await makeSite();
		const digest = createHash('sha256').update(RECIPE).digest('hex');
		const line = `sha256:${digest};${RECIPE.length};${image}`;
		finish();
		const built = await run(containerBuilder, [...argv, '--parsable', 'hello.sif', 'hello.def'], options);
		expect(built.stdout).toMatch(/^[0-9a-f-]{36};/);
		expect(built.stdout.slice(37)).toBe(`${line}\n`);
		expect(built.stderr).toContain('one\ntwo\nthree\n');
		rmSync(image);
		const left = await run(
			containerBuilder,
			[...argv, '--detach', '--parsable', 'hello.sif', 'hello.def'],
			options,
		);
		const [id = '', queue] = left.stdout.trimEnd().split(';');
		expect(queue).toBe(url);
		finish();
		const attached = await run(cbAttach, [...argv, '--parsable', id], options);
		expect(attached.stdout).toBe(`${id};${line}\n`);
	});
});
