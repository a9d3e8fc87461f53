import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer, foreignBusyboxBinary } from '../support/busybox.js';
import { type CommandResult, runCommand, startProcess } from '../support/command.js';
import { apptainerOn } from '../support/in-image.js';
import { useRecipeQueue } from '../support/recipe-queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { useWorkspace } from '../support/workspace.js';

const ARCHITECTURES = [
	{ name: 'arm64', debian: 'arm64', kernel: 'aarch64' },
	{ name: 'ppc64le', debian: 'ppc64el', kernel: 'ppc64le' },
];
/** What holds inside of an image of the other architecture, at its build and in its `%test`. */
const DEFINITION = `Bootstrap: docker
From: {{ REGISTRY }}/team/busybox:1

%post
    uname -m > /etc/architecture
    (exec -a -sh /bin/busybox -c 'echo called $0 on $(uname -m)')

%test
    echo tested on $(uname -m)
`;

describe.skipIf(process.arch !== 'x64')('other architectures than the machine’s, by emulation', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	beforeAll(async () => {
		registry = await startRegistry();
		const layers: Record<string, string> = { amd64: join(place.path, 'amd64.tar') };
		await busyboxLayer(join(place.path, 'amd64.tar'));
		for (const { name, debian } of ARCHITECTURES) {
			const layer = join(place.path, `${name}.tar`);
			await busyboxLayer(layer, {}, await foreignBusyboxBinary(debian));
			layers[name] = layer;
		}
		await registry.pushList('team/busybox', '1', layers);
		await registry.push('team/amd64-only', '1', join(place.path, 'amd64.tar'));
	});
	afterAll(() => registry.close());
	const recipes = useRecipeQueue('emulating', {
		ports: () => [registry.port],
		pool: ['emulate: [arm64, ppc64le]'],
	});
	const build = (directory: string, ...args: readonly string[]): Promise<CommandResult> =>
		recipes.start(directory, args).ended;
	const argument = (): readonly string[] => ['--build-arg', `REGISTRY=${registry.host}`];

	it.each(ARCHITECTURES)('a definition from a registry is built for $name', async ({ name, kernel }) => {
		const directory = recipes.directory({ 'app.def': DEFINITION });
		const result = await recipes.build(directory, ['--arch', name, ...argument(), 'app.sif', 'app.def']);
		expect(result.stderr).toContain(`Building for ${name} by emulation on amd64`);
		expect(result.stdout).toMatch(new RegExp(`called -?sh on ${kernel}$`, 'm'));
		expect(result.stdout).toMatch(new RegExp(`tested on ${kernel}$`, 'm'));
		expect(await header(join(directory, 'app.sif'))).toMatch(
			new RegExp(`Primary Architecture: +${name}$`, 'm'),
		);
	});

	it('as the kernel calls it; events say it; the machine’s own is not emulated', async () => {
		const directory = recipes.directory({ 'app.def': DEFINITION });
		const events = async (architecture: string) => {
			const words = ['--progress', 'json', '--force', '--arch', architecture, ...argument()];
			const result = await recipes.build(directory, [...words, 'app.sif', 'app.def']);
			const lines = result.stdout.trim().split('\n');
			return lines.map((line) => JSON.parse(line) as { type: string });
		};
		expect((await events('aarch64')).filter(({ type }) => type === 'emulation')).toMatchObject([
			{ architecture: 'arm64', native: 'amd64' },
		]);
		expect((await events('x86_64')).filter(({ type }) => type === 'emulation')).toEqual([]);
		// The kernel's table of this machine is as it was.
		expect(existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')).toBe(false);
	});

	it('a Dockerfile is built for arm64, as SIF file and as archive', async () => {
		const directory = recipes.directory({
			Dockerfile: `FROM ${registry.host}/team/busybox:1\nARG TARGETARCH\nRUN echo "$TARGETARCH: $(uname -m)" | tee /etc/architecture\n`,
		});
		for (const image of ['app.sif', 'app.tar']) {
			const result = await recipes.build(directory, ['--arch', 'arm64', image, 'Dockerfile']);
			expect(result.stdout).toMatch(/^arm64: aarch64$/m);
		}
		expect(await header(join(directory, 'app.sif'))).toMatch(/Primary Architecture: +arm64$/m);
		const archive = await startProcess('skopeo', [
			'inspect',
			'--override-arch=arm64',
			`oci-archive:${join(directory, 'app.tar')}`,
		]).ended;
		expect(JSON.parse(archive.stdout)).toMatchObject({ Architecture: 'arm64', Os: 'linux' });
	});

	it('a base that there is not for it: which is told, and nothing is written', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: docker\nFrom: ${registry.host}/team/amd64-only:1\n`,
		});
		const result = await build(directory, '--arch', 'arm64', 'app.sif', 'app.def');
		expect(result.status).not.toBe(0);
		expect(`${result.stdout}${result.stderr}`).toMatch(/team\/amd64-only:1.*arm64|arm64.*team\/amd64-only:1/);
		expect(existsSync(join(directory, 'app.sif'))).toBe(false);
	});

	it('what cannot be is refused before a builder is used', async () => {
		const before = await recipes.queue.untilStatus(({ builders }) =>
			builders.every(({ state }) => state === 'ready'),
		);
		const directory = recipes.directory({
			'app.def': 'Bootstrap: debootstrap\nOSVersion: bookworm\nMirrorURL: http://127.0.0.1:1/debian\n',
		});
		const result = await build(directory, '--arch', 'arm64', 'app.sif', 'app.def');
		expect(result.status).toBe(2);
		expect(result.stderr).toMatch(/app\.def:1:12: .*debootstrap.*arm64.*amd64/);
		const { builders } = await recipes.queue.status();
		expect(builders.map(({ id, state }) => [id, state])).toEqual(
			before.builders.map(({ id, state }) => [id, state]),
		);
	});

	it('the status tells what a pool emulates', async () => {
		const { stdout } = await runCommand('cb-status', ['--queue', recipes.url, '--explain']);
		expect(stdout).toContain('ARCHITECTURE: amd64 (and arm64, ppc64le by emulation)');
	});
});

describe.skipIf(process.arch !== 'x64')('a queue that emulates nothing', () => {
	const recipes = useRecipeQueue('native');

	it('refuses another architecture before a builder is used', async () => {
		const directory = recipes.directory({ 'app.def': scratchRecipe('%post\n    true') });
		const result = await recipes.start(directory, ['--arch', 'ppc64le', 'app.sif', 'app.def']).ended;
		expect(result.stderr).toMatch(/^error: this queue has no builders of architecture ppc64le$/m);
		expect(result.stderr).toMatch(/^hint: It has amd64\.$/m);
		expect(result.status).toBe(2);
		expect(existsSync(join(directory, 'app.sif'))).toBe(false);
	});
});

describe.skipIf(process.arch !== 'x64')('without a queue', () => {
	const workspace = useWorkspace();

	it('sandboxes emulate, what is no sandbox does not', async () => {
		const definition = workspace.write('app.def', scratchRecipe('%post\n    true'));
		const image = join(workspace.path, 'app.sif');
		const emulated = await runCommand('container-builder', [
			...['--provider', 'local', '--arch', 'arm64'],
			...[image, definition],
		]);
		// The busybox that the recipe takes is the builder's: its image is of no use, and nobody can know.
		expect(emulated.stderr).toContain('Building for arm64 by emulation on amd64');
		const native = await runCommand('container-builder', [
			...['--provider', 'host', '--force', '--arch', 'arm64'],
			...[image, definition],
		]);
		expect(native.stderr).toMatch(/^error: this queue has no builders of architecture arm64$/m);
		expect(native.status).toBe(2);
	});
});

function header(image: string): Promise<string> {
	return apptainerOn(image, 'sif', 'header');
}
