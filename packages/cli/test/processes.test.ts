import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const packageDirectory = new URL('../', import.meta.url).pathname;
const COMMANDS = Object.entries(manifest.bin);
/** What importing the package must not load. */
const HEAVY = ['execa', 'pino', 'yaml', 'ora', 'commander', 'ws', 'container-builder-provider-local'];

function node(...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, args, {
		encoding: 'utf8',
		env: { PATH: process.env.PATH },
		cwd: packageDirectory,
	});
	return { status, stdout, stderr };
}

beforeAll(() => {
	if (!existsSync(join(packageDirectory, 'dist/cb-builder.mjs'))) {
		throw new Error('these tests run the built commands: npm run build');
	}
});

describe.each(COMMANDS)('%s', (name, path) => {
	test('--version', () => {
		expect(node(path, '--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
	});

	test('--help', () => {
		const { status, stdout, stderr } = node(path, '--help');
		expect(status).toBe(0);
		expect(stdout).toMatch(new RegExp(`^Usage: ${name} `));
		expect(stderr).toBe('');
	});

	test('an unknown option ends with 2 and tells nothing on stdout', () => {
		const { status, stdout, stderr } = node(path, '--no-such-option');
		expect(status).toBe(2);
		expect(stdout).toBe('');
		expect(stderr).toContain('no-such-option');
		expect(stderr).not.toMatch(/^\s+at /m);
	});
});

test('--check needs no builder, and its status tells', () => {
	const directory = mkdtempSync(join(tmpdir(), 'check-'));
	try {
		const [good, bad] = [join(directory, 'good.def'), join(directory, 'bad.def')];
		writeFileSync(good, 'Bootstrap: docker\nFrom: debian:trixie\n');
		writeFileSync(bad, 'Bootstrap: docker\n');
		const check = (path: string) => node('dist/bin/container-builder.js', '--check', path);
		expect(check(good)).toEqual({
			status: 0,
			stdout: `base: docker.io/library/debian:trixie\nlocal files: none\n${good}: Apptainer definition file, no problems\n`,
			stderr: '',
		});
		const { status, stdout, stderr } = check(bad);
		expect(status).toBe(2);
		expect(stdout).toMatch(
			new RegExp(`^${bad}:1:\\d+: error: .*\n${bad}: Apptainer definition file, 1 error\n$`),
		);
		expect(stderr).toBe('');
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
});

test('the daemon runs alone in an empty directory', () => {
	const directory = mkdtempSync(join(tmpdir(), 'daemon-'));
	try {
		copyFileSync(join(packageDirectory, 'dist/cb-builder.mjs'), join(directory, 'cb-builder.mjs'));
		const script = join(directory, 'cb-builder.mjs');
		expect(node(script, '--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
		expect(node(script, '--bootstrap', join(directory, 'none.json')).status).toBe(2);
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
});

test('the daemon does not hold the making of images', () => {
	const { stdout } = spawnSync(
		'grep',
		['-c', 'makeBuilderImage', join(packageDirectory, 'dist/cb-builder.mjs')],
		{
			encoding: 'utf8',
		},
	);
	expect(stdout).toBe('0\n');
});

test('cb-queue tells what is wrong with a configuration', () => {
	const { status, stderr } = node('dist/bin/cb-queue.js', '--config', '/nowhere/queue.yaml');
	expect(status).toBe(2);
	expect(stderr).toContain('/nowhere/queue.yaml');
	expect(node('dist/bin/cb-queue.js').status).toBe(2);
});

test('importing the package loads nothing that a build may not need', () => {
	const hooks =
		"import { writeSync } from 'node:fs'; export async function resolve(name, context, next) {" +
		" const found = await next(name, context); writeSync(2, found.url + '\\n'); return found; }";
	const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
	const { status, stderr } = node(
		'--import',
		`data:text/javascript,${encodeURIComponent(register)}`,
		'--input-type=module',
		'-e',
		"await import('@olcf/container-builder')",
	);
	expect(status, stderr).toBe(0);
	expect(stderr).toContain('packages/core/dist/index.js');
	const loaded = stderr
		.split('\n')
		.filter((url) => HEAVY.some((name) => url.includes(`node_modules/${name}/`)));
	expect(loaded).toEqual([]);
	expect(stderr).not.toContain('packages/provider-local');
	expect(stderr).not.toContain('packages/transport-ws');
});

test('time of an import, for the record', () => {
	const script =
		"const start = performance.now(); await import('@olcf/container-builder'); console.log(performance.now() - start)";
	const times = Array.from({ length: 5 }, () => Number(node('--input-type=module', '-e', script).stdout));
	expect(times.every((time) => time > 0)).toBe(true);
	console.log(`import of @olcf/container-builder: ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
});
