import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../../support/busybox.js';
import { root } from '../../support/command.js';
import { apptainer, apptainerOn } from '../../support/in-image.js';
import { useRecipeQueue } from '../../support/recipe-queue.js';
import { type Registry, startRegistry } from '../../support/registry.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** The examples that no other test builds. */
describe('examples/recipes', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	beforeAll(async () => {
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'));
		await registry.push('busybox', '1', join(place.path, 'busybox.tar'));
	});
	afterAll(() => registry.close());
	const recipes = useRecipeQueue('examples', { ports: () => [registry.port] });
	const build = async (definition: string, ...options: string[]): Promise<string> => {
		const image = join(place.path, `${definition}.sif`);
		await recipes.build(join(root, 'examples/recipes'), [...options, image, definition], {
			TOKEN: 'twelve-bytes',
		});
		return image;
	};

	it('arguments.def', async () => {
		expect(await apptainer('run', await build('arguments.def', '--build-arg', 'WHO=reader'))).toBe(
			'good day, reader\n',
		);
	});

	it('apps.def', async () => {
		const image = await build('apps.def');
		expect(await apptainerOn(image, 'run', '--app', 'count')).toBe('1\n2\n3\n');
		expect(await apptainerOn(image, 'inspect', '--app', 'greet', '--helpfile')).toContain('[WORDS]');
	});

	it('secret.def', async () => {
		const image = await build('secret.def', '--secret', 'id=token,env=TOKEN');
		expect(await apptainer('run', image)).toBe('The secret had 12 bytes.\n');
	});

	it('metadata.def', async () => {
		const image = await build('metadata.def');
		expect(await apptainer('run', image, 'a')).toBe('color: blue, from %post: yes, arguments: a\n');
		expect(await apptainerOn(image, 'inspect', '--labels')).toContain('Version: 1.0');
	});

	it('multi-stage.Dockerfile', async () => {
		const image = await build('multi-stage.Dockerfile', '--build-arg', `REGISTRY=${registry.host}`);
		expect(await apptainer('run', image)).toBe('3\n2\n1\n');
		expect(await apptainerOn(image, 'inspect', '--labels')).toContain('sorted numbers');
	});
});
