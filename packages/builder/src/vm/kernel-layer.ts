import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { execa } from 'execa';
import * as z from 'zod';
import type { MakeBuilderImageOptions } from '../image/builder-image.js';
import { readJson, remove, unfinishedDirectory, writeJson } from '../image/image-store.js';
import { debianMirror, machineProxyOptions, shownMirror } from '../image/machine-mirror.js';
import { resolvePackages } from '../image/package-resolver.js';
import { APPTAINER_SUITE, type Recipe, recipeId } from '../image/recipe.js';

/** Debian's kernel for virtual machines: virtio is in it, real hardware is not. */
const META_PACKAGE: Partial<Record<Architecture, string>> = {
	amd64: 'linux-image-cloud-amd64',
	arm64: 'linux-image-cloud-arm64',
};
const DESCRIPTION = 'kernel.json';

const description = z.object({
	id: z.string(),
	recipe: z.string(),
	package: z.string(),
	version: z.string(),
});

/** A kernel and its modules, laid out as in a Debian tree. */
export type KernelDescription = z.infer<typeof description>;

/** The directory of a kernel, beside those of bases. */
export function kernelDirectory(id: string): string {
	return `kernel-${id}`;
}

/** Finds a kernel that was fetched before, or fetches the mirror's. To be called under the lock. */
export async function kernelLayer(
	directory: string,
	architecture: Architecture,
	known: readonly string[],
	options: Omit<MakeBuilderImageOptions, 'format'>,
): Promise<KernelDescription> {
	const { signal, onOutput } = options;
	const progress = options.onProgress ?? (() => {});
	const recipe = kernelRecipe(options.suite ?? 'trixie', architecture);
	const there = options.refresh === true ? undefined : await findKernel(directory, recipeId(recipe), known);
	if (there !== undefined) return there;

	const mirror = await debianMirror(options.mirror, signal);
	const proxies = await machineProxyOptions(signal);
	const work = await unfinishedDirectory(directory);
	try {
		const apt = join(work, 'apt');
		await mkdir(apt);
		progress(`asking ${shownMirror(mirror)} for the kernel`);
		const { packages } = await resolvePackages({
			directory: apt,
			mirror,
			recipe,
			apptainerDeb: undefined,
			proxies,
			allowExpiredRelease: options.allowExpiredRelease === true,
			onProgress: progress,
			onOutput,
			signal,
		});
		const found = Object.entries(packages).find(([name]) => /^linux-image-\d/.test(name));
		if (found === undefined) throw fetchError('the mirror has no kernel for virtual machines', '');
		const [name, version] = found;
		progress(`fetching ${name} ${version}`);
		await run('apt-get', ['download', `${name}=${version}`], {
			cwd: work,
			apt: join(apt, 'apt.conf'),
			signal,
		});
		const finished = join(work, 'kernel');
		await mkdir(finished, { mode: 0o755 });
		await run('sh', ['-c', 'dpkg-deb --extract ./*.deb kernel'], { cwd: work, signal });
		const kernel = {
			id: recipeId({ ...recipe, packages: [`${name}=${version}`] }),
			recipe: recipeId(recipe),
			package: name,
			version,
		};
		await writeJson(join(finished, DESCRIPTION), kernel);
		const target = join(directory, kernelDirectory(kernel.id));
		await remove(target);
		await rename(finished, target);
		return kernel;
	} finally {
		await remove(work);
	}
}

function kernelRecipe(suite: string, architecture: Architecture): Recipe {
	const name = META_PACKAGE[architecture];
	if (name === undefined) {
		throw new ContainerBuilderError('unsupported', `there is no image of a machine for ${architecture}`, {
			hint: 'Use the format rootfs.',
		});
	}
	return {
		version: 1,
		suite,
		architecture,
		packages: [name],
		// The newest is not for machines that nobody looks at.
		preferences: `Package: *\nPin: release n=${APPTAINER_SUITE}\nPin-Priority: -10\n`,
		aptOptions: ['APT::Install-Recommends "false"', 'Acquire::Languages "none"', 'Acquire::Retries "3"'],
		dpkgOptions: [],
		hooks: [],
	};
}

async function findKernel(
	directory: string,
	recipe: string,
	names: readonly string[],
): Promise<KernelDescription | undefined> {
	for (const name of names.filter((one) => one.startsWith(kernelDirectory('')))) {
		const { data } = description.safeParse(await readJson(join(directory, name, DESCRIPTION)));
		if (data?.recipe === recipe) return data;
	}
	return undefined;
}

async function run(
	program: string,
	args: readonly string[],
	{ cwd, apt, signal }: { cwd: string; apt?: string; signal: AbortSignal | undefined },
): Promise<void> {
	const result = await execa(program, args, {
		cwd,
		all: true,
		reject: false,
		stdin: 'ignore',
		env: { LC_ALL: 'C.UTF-8', ...(apt === undefined ? {} : { APT_CONFIG: apt }) },
		...(signal === undefined ? {} : { cancelSignal: signal }),
	});
	throwIfAborted(signal);
	if (result.failed) throw fetchError(`the kernel cannot be fetched: ${program} failed`, result.all);
}

function fetchError(message: string, output: string): ContainerBuilderError {
	const line = output.trim().split('\n').at(-1);
	return new ContainerBuilderError('builder-image', line ? `${message}: ${line}` : message, {
		hint: 'The mirror may be in the middle of an update: try again later, or name another with --mirror URL.',
		details: { output: output.slice(-4000) },
	});
}
