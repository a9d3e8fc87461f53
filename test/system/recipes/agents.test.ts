import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxBinary, busyboxLayer, inBuilderImage } from '../../support/busybox.js';
import { aptMirror } from '../../support/debian-base.js';
import { apptainer } from '../../support/in-image.js';
import { inside, useRecipeQueue, writeFiles } from '../../support/recipe-queue.js';
import { scratchRecipe } from '../../support/recipes.js';
import { type Registry, startRegistry } from '../../support/registry.js';
import { type RpmRepository, startRpmRepository } from '../../support/rpm-repository.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** One recipe for every bootstrap agent. */
describe('definition files: bootstrap agents', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	let rpm: RpmRepository;
	let binary: { readonly server: Server; readonly port: number };
	let digest = '';
	beforeAll(async () => {
		registry = await startRegistry();
		await busyboxLayer(join(place.path, 'busybox.tar'), { 'etc/base': 'of the registry\n' });
		digest = await registry.push('team/busybox', '1', join(place.path, 'busybox.tar'));
		rpm = await startRpmRepository();
		binary = await serve(await busyboxBinary());
	});
	afterAll(async () => {
		await registry.close();
		await rpm.close();
		binary.server.close();
	});
	const recipes = useRecipeQueue('agents', { ports: () => [registry.port, rpm.port, binary.port] });

	it('scratch', async () => {
		const directory = recipes.directory({
			'app.def': scratchRecipe('%post\n    id -u > /etc/built-by\n\n%runscript\n    cat /etc/built-by'),
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		expect(await apptainer('run', join(directory, 'app.sif'))).toBe('0\n');
	});

	it('busybox', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: busybox\nMirrorURL: http://127.0.0.1:${binary.port}/busybox\n\n%runscript\n    /bin/busybox | head -n 1\n`,
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		expect(await apptainer('run', join(directory, 'app.sif'))).toMatch(/^BusyBox v1\./);
	});

	it('docker: the base is resolved to a digest', async () => {
		const directory = recipes.directory({
			'app.def':
				'Bootstrap: docker\nFrom: {{ REGISTRY }}/team/busybox:1\n\n%post\n    cat /etc/base > /etc/copy; echo carol:x:1234:1234::/:/bin/sh >> /etc/passwd; chown carol /etc/copy\n',
		});
		const result = await recipes.build(directory, [
			...['--json', '--build-arg', `REGISTRY=${registry.host}`],
			...['app.sif', 'app.def'],
		]);
		expect((JSON.parse(result.stdout) as { bases: unknown }).bases).toEqual([
			{ reference: `${registry.host}/team/busybox:1`, digest },
		]);
		expect(await inside(join(directory, 'app.sif'), 'cat /etc/copy; stat -c %U /etc/copy')).toBe(
			'of the registry\ncarol\n',
		);
	});

	it('docker: by digest', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: docker\nFrom: ${registry.host}/team/busybox@${digest}\n`,
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		expect(await inside(join(directory, 'app.sif'), 'cat /etc/base')).toBe('of the registry\n');
	});

	it('debootstrap', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: debootstrap
OSVersion: bookworm
MirrorURL: {{ MIRROR }}

%post
    useradd --create-home alice
    install -o alice -m 4755 /usr/bin/id /usr/local/bin/whose
    rm -rf /var/cache/apt/archives/*.deb /var/lib/apt/lists/*
`,
		});
		await recipes.build(directory, [
			...['--build-arg', `MIRROR=${await aptMirror()}`],
			...['app.sif', 'app.def'],
		]);
		expect(
			await inside(
				join(directory, 'app.sif'),
				'. /etc/os-release; echo $VERSION_CODENAME; stat -c "%U %a" /usr/local/bin/whose',
			),
		).toBe('bookworm\nalice 4755\n');
	});

	it('yum', async () => {
		const directory = recipes.directory({
			'app.def': `Bootstrap: yum
OSVersion: 1
MirrorURL: ${rpm.url}
Include: tiny

%post
    cp /etc/redhat-release /etc/seen

%runscript
    cat /etc/seen
`,
		});
		await recipes.build(directory, ['app.sif', 'app.def']);
		expect(await apptainer('run', join(directory, 'app.sif'))).toBe('Tiny Linux release 1\n');
	});

	describe('on top of what was built before', () => {
		let made = '';
		beforeAll(async () => {
			made = recipes.directory({
				'base.def': scratchRecipe('%post\n    echo "made before" > /etc/base'),
				Dockerfile:
					'ARG REGISTRY\nFROM $REGISTRY/team/busybox:1\nRUN echo "made before" > /etc/base\nENV COLOR=green\nCMD ["sh", "-c", "echo $COLOR"]\n',
			});
			await recipes.build(made, ['base.sif', 'base.def']);
			const build = ['--build-arg', `REGISTRY=${registry.host}`, 'base.tar', 'Dockerfile'];
			await recipes.build(made, build);
			const docker = await inBuilderImage(
				[
					...['sh', '-c'],
					'skopeo copy --quiet oci-archive:/made.tar docker-archive:/tmp/out.tar:base:1 && cat /tmp/out.tar',
				],
				[`${join(made, 'base.tar')}:/made.tar`],
			);
			writeFiles(made, { 'docker.tar': docker });
		});

		for (const [agent, from] of [
			['localimage', 'base.sif'],
			['oci-archive', 'base.tar'],
			['docker-archive', 'docker.tar'],
		] as const) {
			it(agent, async () => {
				writeFiles(made, { [`${agent}.def`]: onTop(agent, from) });
				await recipes.build(made, [`${agent}.sif`, `${agent}.def`]);
				const image = join(made, `${agent}.sif`);
				expect(await inside(image, 'cat /etc/layer')).toBe('on made before\n');
				if (agent !== 'localimage') expect(await apptainer('run', image)).toBe('green\n');
			});
		}

		it('oras', async () => {
			const pushed = await registry.pushSif('team/sif', '1', join(made, 'base.sif'));
			const directory = recipes.directory({ 'app.def': onTop('oras', `${registry.host}/team/sif:1`) });
			const result = await recipes.build(directory, ['--json', 'app.sif', 'app.def']);
			expect(await inside(join(directory, 'app.sif'), 'cat /etc/layer')).toBe('on made before\n');
			expect((JSON.parse(result.stdout) as { bases: unknown }).bases).toEqual([
				{ reference: `${registry.host}/team/sif:1`, digest: pushed },
			]);
		});
	});
});

function onTop(agent: string, from: string): string {
	return `Bootstrap: ${agent}\nFrom: ${from}\n\n%post\n    echo "on $(cat /etc/base)" > /etc/layer\n`;
}

async function serve(bytes: Buffer): Promise<{ server: Server; port: number }> {
	const server = createServer((_, response) => response.end(bytes));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	return { server, port: address !== null && typeof address === 'object' ? address.port : 0 };
}
