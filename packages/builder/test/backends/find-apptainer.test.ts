import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	apptainerEnvironment,
	findApptainer,
	programVersion,
	readFeatures,
} from '../../src/backends/find-apptainer.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-find-apptainer-test-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

const environment = (): NodeJS.ProcessEnv => ({ PATH: directory });
const install = (name: string, text: string, mode = 0o755): Promise<void> =>
	writeFile(join(directory, name), `#!/bin/sh\n${text}\n`, { mode });

describe('findApptainer', () => {
	it('takes the first that is there', async () => {
		expect(await findApptainer(undefined, environment())).toBeUndefined();
		await install('singularity-ce', 'echo singularity-ce version 4.3.0');
		expect(await findApptainer(undefined, environment())).toEqual({
			program: 'singularity-ce',
			version: '4.3.0',
		});
		await install('singularity', 'echo singularity-ce version 4.1.1-jammy');
		expect(await findApptainer(undefined, environment())).toEqual({
			program: 'singularity',
			version: '4.1.1-jammy',
		});
		await install('apptainer', 'echo apptainer version 1.4.5-2');
		expect(await findApptainer(undefined, environment())).toEqual({
			program: 'apptainer',
			version: '1.4.5-2',
		});
	});

	it('passes over what does not run', async () => {
		await install('apptainer', 'echo apptainer version 1.4.5; exit 1');
		await install('singularity', 'echo singularity version 3.8.7', 0o644);
		await install('singularity-ce', 'echo singularity-ce version 4.3.0');
		expect((await findApptainer(undefined, environment()))?.program).toBe('singularity-ce');
	});

	it('takes no other where one is named', async () => {
		await install('apptainer', 'echo apptainer version 1.4.5');
		expect(await findApptainer('mine', environment())).toBeUndefined();
		const program = join(directory, 'apptainer');
		expect(await findApptainer(program, {})).toEqual({ program, version: '1.4.5' });
	});
});

describe('programVersion', () => {
	it.each([
		['buildah version 1.39.3 (image-spec 1.1.0, runtime-spec 1.2.0)', '1.39.3'],
		['2.0-of-mine', '2.0-of-mine'],
	])('of %j', async (text, version) => {
		await install('program', `echo '${text}'`);
		expect(await programVersion('program', environment())).toBe(version);
	});
});

describe('readFeatures', () => {
	it('asks the program itself', async () => {
		await install('apptainer', '[ "$*" = "build --help" ] && echo "   --build-arg strings   x"');
		expect(await readFeatures('apptainer', environment())).toEqual({
			buildArguments: true,
			buildArgumentFile: false,
			mksquashfsArguments: false,
			architecture: false,
		});
	});
});

describe('apptainerEnvironment', () => {
	const places = { APPTAINER_TMPDIR: '/t', APPTAINER_CACHEDIR: '/c', HOME: '/h' };

	it('tells SingularityCE by its own names too', () => {
		const expected = { ...places, SINGULARITY_TMPDIR: '/t', SINGULARITY_CACHEDIR: '/c' };
		expect(apptainerEnvironment('singularity', places)).toEqual(expected);
		expect(apptainerEnvironment('/opt/bin/singularity-ce', places)).toEqual(expected);
	});

	it('tells apptainer nothing twice', () => {
		expect(apptainerEnvironment('apptainer', places)).toEqual(places);
	});
});
