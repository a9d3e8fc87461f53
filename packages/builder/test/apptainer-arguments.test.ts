import type { BackendJob } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import {
	type ApptainerCommand,
	apptainerCommand,
	apptainerFeatures,
} from '../src/backends/apptainer-arguments.js';

const job: BackendJob = {
	kind: 'apptainer',
	definitionPath: '/w/definition',
	contextDirectory: '/w/context',
	imagePath: '/w/image',
	scratchDirectory: '/w/scratch',
	format: 'sif',
	compression: 'gzip',
	architecture: 'amd64',
	arguments: {},
	secrets: [],
	mirrors: [],
	debug: false,
	limits: {},
};
const features = {
	buildArguments: true,
	buildArgumentFile: true,
	mksquashfsArguments: true,
	architecture: true,
};
const words = (fields: Partial<BackendJob>, build: Partial<ApptainerCommand> = {}) =>
	apptainerCommand({
		program: 'apptainer',
		job: { ...job, ...fields },
		features,
		fakeroot: false,
		argumentFile: '/w/arguments',
		foreign: false,
		...build,
	});

describe('apptainerCommand', () => {
	it.each<[string, Partial<BackendJob>, Partial<ApptainerCommand>, string[]]>([
		['plain', {}, {}, ['apptainer', 'build', '--force', '/w/image', '/w/definition']],
		['debug', { debug: true }, {}, ['apptainer', '--debug', 'build', '--force', '/w/image', '/w/definition']],
		[
			'fakeroot',
			{},
			{ fakeroot: true },
			['apptainer', 'build', '--force', '--fakeroot', '/w/image', '/w/definition'],
		],
		[
			'zstd',
			{ compression: 'zstd' },
			{},
			[
				'apptainer',
				'build',
				'--force',
				'--mksquashfs-args=-comp zstd -Xcompression-level 3',
				'/w/image',
				'/w/definition',
			],
		],
		[
			'zstd, unknown to it',
			{ compression: 'zstd' },
			{ features: { ...features, mksquashfsArguments: false } },
			['apptainer', 'build', '--force', '/w/image', '/w/definition'],
		],
		[
			'foreign',
			{ architecture: 'arm64' },
			{ foreign: true },
			['apptainer', 'build', '--force', '--arch', 'arm64', '/w/image', '/w/definition'],
		],
	])('%s', (_, fields, build, expected) => {
		expect(words(fields, build).command).toEqual(expected);
	});

	it('hides arguments in a file, and quotes what does not fit there', () => {
		const made = words({ arguments: { A: 'x=y "q", z', E: '', L: 'one\n"two"' } });
		expect(made.argumentFileText).toBe('A=x=y "q", z\nE=\n');
		expect(made.command.slice(3, -2)).toEqual([
			'--build-arg',
			'"L=one\n""two"""',
			'--build-arg-file',
			'/w/arguments',
		]);
	});

	it('without a file gives all of them on the command line', () => {
		const made = words({ arguments: { A: 'a,b' } }, { features: { ...features, buildArgumentFile: false } });
		expect(made.argumentFileText).toBeUndefined();
		expect(made.command.slice(3, -2)).toEqual(['--build-arg', '"A=a,b"']);
	});
});

describe('apptainerFeatures', () => {
	it('reads them off the help', () => {
		const help = `
      --arch string              architecture to build for (default "amd64")
      --arch-variant string      architecture variant to build for
      --build-arg strings        defines variable=value to replace {{
      --build-arg-file string    specifies a file containing
      --mksquashfs-args string   extra arguments to pass to mksquashfs
`;
		expect(apptainerFeatures(help)).toEqual(features);
		expect(apptainerFeatures('      --arch-variant string   x\n      --build-arg-file string   x\n')).toEqual(
			{
				buildArguments: false,
				buildArgumentFile: true,
				mksquashfsArguments: false,
				architecture: false,
			},
		);
	});
});
