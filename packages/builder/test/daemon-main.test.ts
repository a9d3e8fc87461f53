import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBootstrap, randomSecret } from '@olcf/container-builder-core/protocol';
import { memoryTransport } from '@olcf/container-builder-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daemonMain } from '../src/index.js';

let directory: string;
let written: string;
let logged: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-daemon-test-'));
	written = '';
	logged = '';
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

const main = (...argv: string[]): Promise<number> =>
	daemonMain({
		argv,
		transport: memoryTransport(),
		environment: { PATH: '/usr/bin:/bin' },
		writeOutput: (text) => {
			written += text;
		},
		writeLog: (text) => {
			logged += text;
		},
	});

async function bootstrap(enrolMs: number): Promise<string> {
	const path = join(directory, 'bootstrap');
	const bytes = encodeBootstrap({
		version: 1,
		builderId: 'builder-1',
		owner: 'test',
		listen: { url: 'memory:daemon' },
		secret: randomSecret(),
		enrolMs,
		lifetimeMs: 60_000,
		privilege: 'user-namespace',
	});
	await writeFile(path, bytes);
	return path;
}

describe('daemonMain', () => {
	it('helps, and tells its version', async () => {
		expect(await main('--help')).toBe(0);
		expect(written).toMatch(/^Usage: cb-builder --bootstrap FILE/);
		written = '';
		expect(await main('--version')).toBe(0);
		expect(written).toMatch(/^\d+\.\d+\.\d+/);
	});

	it.each([
		[['--what'], /--what/],
		[[], /--bootstrap is missing/],
		[['--bootstrap', '/does/not/exist'], /ENOENT/],
	])('ends with 2 for %j', async (argv, message) => {
		expect(await main(...argv)).toBe(2);
		expect(logged).toMatch(message);
	});

	it('removes the bootstrap, serves, and ends with 0 when nobody comes', async () => {
		const path = await bootstrap(50);
		expect(await main('--bootstrap', path, '--directory', join(directory, 'work'))).toBe(0);
		await expect(access(path)).rejects.toThrow();
		expect(await readdir(join(directory, 'work'))).toEqual([]);
		expect(logged).toContain('not-enrolled');
		expect(process.listenerCount('SIGTERM')).toBe(0);
	});

	it('ends in good order at SIGTERM', async () => {
		const path = await bootstrap(60_000);
		const ending = main('--bootstrap', path, '--directory', join(directory, 'work'));
		while (!logged.includes('takes connections')) await new Promise((resolve) => setTimeout(resolve, 5));
		process.emit('SIGTERM');
		expect(await ending).toBe(0);
		expect(await readdir(join(directory, 'work'))).toEqual([]);
	});

	it('cannot read what is not a bootstrap', async () => {
		const path = join(directory, 'bootstrap');
		await writeFile(path, '{}');
		expect(await main('--bootstrap', path)).toBe(2);
		expect(logged).toMatch(/bootstrap of this machine cannot be read/);
	});
});
