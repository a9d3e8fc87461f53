import type { BackendJob } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { type BuildahBuild, buildahBuild, buildahPush, IMAGE } from '../../src/backends/buildah-arguments.js';
import { job } from '../support/job.js';

const made = (fields: Partial<BackendJob> = {}, build: Partial<BuildahBuild> = {}) =>
	buildahBuild({
		job: job(fields),
		secrets: undefined,
		foreign: false,
		ignoreFile: '/w/ignore',
		argumentFile: '/w/arguments',
		environment: { PATH: '/bin' },
		...build,
	});
const FIXED = [
	'build',
	'--isolation',
	'chroot',
	'--format',
	'docker',
	'--layers=false',
	'--ignorefile',
	'/w/ignore',
];
const LAST = ['--tag', IMAGE, '--file', '/w/definition', '/w/context'];

describe('buildahBuild', () => {
	it.each<[string, Partial<BackendJob>, Partial<BuildahBuild>, string[]]>([
		['plain', {}, {}, []],
		['a stage', { target: 'build' }, {}, ['--target', 'build']],
		['another architecture', { architecture: 'arm64' }, { foreign: true }, ['--platform', 'linux/arm64']],
		['the machine’s own architecture', { architecture: 'arm64' }, {}, []],
		[
			'secrets',
			{
				secrets: [
					{ id: 'token', path: '/daemon/0' },
					{ id: 'netrc', path: '/daemon/1' },
				],
			},
			{ secrets: '/memory/build' },
			['--secret', 'id=token,src=/memory/build/token', '--secret', 'id=netrc,src=/memory/build/netrc'],
		],
	])('%s', (_, fields, build, expected) => {
		const { command, argumentFileText, environment } = made(fields, build);
		expect(command).toEqual([...FIXED, ...expected, ...LAST]);
		expect(argumentFileText).toBeUndefined();
		expect(environment).toEqual({});
	});

	it('tells more where it is asked to, before the sub-command', () => {
		expect(made({ debug: true }).command).toEqual(['--log-level', 'debug', ...FIXED, ...LAST]);
	});

	it('hides arguments in a file', () => {
		const { command, argumentFileText, environment } = made({ arguments: { A: 'x=y "q", z#', E: '' } });
		expect(argumentFileText).toBe('A=x=y "q", z#\nE=\n');
		expect(command).toEqual([...FIXED, '--build-arg-file', '/w/arguments', ...LAST]);
		expect(environment).toEqual({});
	});

	it('hands over what has several lines in the environment', () => {
		const values = { A: 'a', L: 'one\ntwo=2\n', constructor: '1\n2' };
		const { command, argumentFileText, environment } = made({ arguments: values });
		expect(argumentFileText).toBe('A=a\n');
		expect(command).toEqual([
			...FIXED,
			...['--build-arg', 'L', '--build-arg', 'constructor', '--build-arg-file', '/w/arguments'],
			...LAST,
		]);
		expect(environment).toEqual({ L: 'one\ntwo=2\n', constructor: '1\n2' });
		expect(made({ arguments: { L: '1\n2' } }).command).not.toContain('--build-arg-file');
	});

	it('refuses several lines under a name that the environment has', () => {
		expect(() => made({ arguments: { PATH: '/a\n/b' } })).toThrow(
			expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('PATH') }),
		);
		expect(made({ arguments: { PATH: '/a' } }).argumentFileText).toBe('PATH=/a\n');
	});
});

describe('buildahPush', () => {
	it('leaves the archive of the user as it is made', () => {
		expect(buildahPush('/w/image', { intermediate: false })).toEqual([
			'push',
			'--quiet',
			IMAGE,
			'oci-archive:/w/image',
		]);
	});

	it('hurries with one that only apptainer reads', () => {
		expect(buildahPush('/w/image', { intermediate: true })).toEqual([
			...['push', '--quiet', '--compression-format', 'zstd', '--compression-level', '1'],
			...[IMAGE, 'oci-archive:/w/image'],
		]);
	});
});
