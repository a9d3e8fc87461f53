import { spawnSync } from 'node:child_process';
import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { standInText } from '../../src/backends/post-secrets.js';

/** Tells its words, each with its end, and what is in the image meanwhile. */
const APPTAINER = `#!/bin/sh
printf '%s\\0' "$@" > "$REPORT/words"
[ -z "\${IMAGE-}" ] || (cd "$IMAGE" && find . | sort > "$REPORT/tree")
[ -z "\${LATER-}" ] || touch "$IMAGE/$LATER"
exit "\${STATUS:-0}"
`;

let directory: string;
let root: string;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'cb-post-secrets-test-'));
	// What the texts of shells mistake most easily.
	for (const name of ["it's here", 'outside', 'build/rootfs'])
		mkdirSync(join(directory, name), { recursive: true });
	root = join(directory, 'build/rootfs');
	writeFileSync(real(), APPTAINER, { mode: 0o755 });
	writeFileSync(join(directory, 'stand-in'), standInText(real(), secrets()), { mode: 0o755 });
});
afterEach(() => {
	rmSync(directory, { recursive: true });
});

const real = (): string => join(directory, "it's here", 'real $& program');
const secrets = (): string => join(directory, "it's here", 'secrets $1');
/** What is in the image: no link is followed. */
const left = (): string[] =>
	spawnSync('find', ['.', '-mindepth', '1', '-printf', '%P\\n'], { cwd: root, encoding: 'utf8' })
		.stdout.split('\n')
		.slice(0, -1)
		.sort();
/** As apptainer calls itself for a `%post`. */
const post = (): string[] => [
	...[
		'--quiet',
		'exec',
		'--pwd',
		'/',
		'--writable',
		'--cleanenv',
		'--env',
		'A=exec  "b" $c `d`',
		'--bind',
		'',
	],
	...[root, '/bin/sh', '-c', 'echo *\n', '/.post.script'],
];

function call(words: readonly string[], environment: Record<string, string> = {}) {
	const { status, stderr } = spawnSync('/bin/sh', [join(directory, 'stand-in'), ...words], {
		cwd: join(directory, 'outside'),
		env: { PATH: process.env.PATH, REPORT: directory, ...environment },
		encoding: 'utf8',
	});
	const report = (name: string, separator: string): string[] | undefined =>
		existsSync(join(directory, name))
			? readFileSync(join(directory, name), 'utf8').split(separator).slice(0, -1)
			: undefined;
	return { status, stderr, words: report('words', '\0'), tree: report('tree', '\n') };
}

describe('the stand-in, for a %post', () => {
	it('binds the secrets behind the word exec, and changes no other word', () => {
		const [quiet, exec, ...rest] = post();
		const { words, status, stderr } = call(post());
		expect(words).toEqual([quiet, exec, '-B', `${secrets()}:/run/secrets:ro`, ...rest]);
		expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
	});

	it('makes the mount point, and takes it away', () => {
		const { tree } = call(post(), { IMAGE: root });
		expect(tree).toEqual(['.', './run', './run/secrets']);
		expect(readdirSync(root)).toEqual([]);
	});

	it.each([
		[['run'], ['run']],
		[['run/secrets'], ['run', 'run/secrets']],
	])('leaves what was there before: %j', (before, after) => {
		for (const name of before) mkdirSync(join(root, name), { recursive: true });
		expect(call(post(), { IMAGE: root }).tree).toEqual(['.', './run', './run/secrets']);
		expect(left()).toEqual(after);
	});

	it('leaves a directory that something was put into', () => {
		call(post(), { IMAGE: root, LATER: 'run/lock' });
		expect(left()).toEqual(['run', 'run/lock']);
	});

	it.each([
		['var/run', 'relative'],
		['/var/run', 'absolute'],
		['../../var//./run/', 'past the root, which has no parent inside'],
	])('follows /run → %s inside the image (%s)', (target) => {
		symlinkSync(target, join(root, 'run'));
		mkdirSync(join(root, 'var/run'), { recursive: true });
		const { tree } = call(post(), { IMAGE: root });
		expect(tree).toEqual(['.', './run', './var', './var/run', './var/run/secrets']);
		expect(left()).toEqual(['run', 'var', 'var/run']);
	});

	it('follows links on the way of links, and makes where they lead to', () => {
		symlinkSync('/var/run', join(root, 'run'));
		symlinkSync('/private/var', join(root, 'var'));
		const { tree } = call(post(), { IMAGE: root });
		expect(tree).toEqual([
			'.',
			'./private',
			'./private/var',
			'./private/var/run',
			'./private/var/run/secrets',
			'./run',
			'./var',
		]);
		expect(readdirSync(root).sort()).toEqual(['run', 'var']);
	});

	it('makes nothing outside the image, whatever its links say', () => {
		symlinkSync(join(directory, 'outside'), join(root, 'run'));
		const { tree, status } = call(post(), { IMAGE: root });
		expect(tree).toContain(`.${join(directory, 'outside')}/secrets`);
		expect(status).toBe(0);
		expect(readdirSync(join(directory, 'outside'))).toEqual([]);
		expect(readdirSync(root)).toEqual(['run']);
	});

	it('follows /run/secrets too', () => {
		mkdirSync(join(root, 'run'));
		symlinkSync('../other', join(root, 'run/secrets'));
		expect(call(post(), { IMAGE: root }).tree).toEqual(['.', './other', './run', './run/secrets']);
		expect(lstatSync(join(root, 'run/secrets')).isSymbolicLink()).toBe(true);
		expect(readdirSync(root)).toEqual(['run']);
	});

	it.each([
		['a link to itself', () => symlinkSync('run', join(root, 'run'))],
		['a file', () => writeFileSync(join(root, 'run'), '')],
	])('fails where /run is %s, and says so', (_, prepare) => {
		prepare();
		const { status, stderr, words } = call(post());
		expect(status).toBe(1);
		expect(stderr).toContain(join(root, 'run'));
		expect(words).toBeUndefined();
	});

	it.each([0, 1, 42, 255])('ends as the program does: %i', (status) => {
		expect(call(post(), { STATUS: `${status}`, IMAGE: root }).status).toBe(status);
		expect(readdirSync(root)).toEqual([]);
	});
});

describe('the stand-in, for all else', () => {
	it.each([
		['build', ['build', '--force', 'a b', '']],
		['nothing', []],
		['%test', ['exec', '--pwd', '/', '--writable', 'ROOT', '/.test.script']],
		['an exec of another kind', ['exec', 'ROOT', '/.post.script']],
		['no image', ['exec', '--pwd', '/', '--writable', '/nowhere/rootfs', '/.post.script']],
	])('is the program: %s', (_, template) => {
		const words = template.map((word) => (word === 'ROOT' ? root : word));
		const result = call(words, { STATUS: '7', IMAGE: root });
		expect(result.words).toEqual(words.length === 0 ? [''] : words);
		expect(result.tree).toEqual(['.']);
		expect(result.status).toBe(7);
	});
});
