import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { MakeBuilderImageOptions } from './builder-image.js';
import { type ApptainerDeb, allBases, findBase, readBase } from './find-base.js';
import type { ImageLock } from './image-lock.js';
import type { BaseDescription } from './image-schema.js';
import { imageLayout, remove, unfinishedDirectory, writeJson } from './image-store.js';
import { debianMirror, machineProxyOptions, shownMirror } from './machine-mirror.js';
import { makeBase } from './make-base.js';
import { resolvePackages } from './package-resolver.js';
import { builderImagePrerequisites, requiredMode } from './prerequisites.js';
import { baseId, type Recipe, recipeId } from './recipe.js';

/** Finds the base that the options mean, or makes it. To be called under the lock. */
export async function baseLayer(
	directory: string,
	recipe: Recipe,
	deb: ApptainerDeb | undefined,
	options: MakeBuilderImageOptions & { readonly guard: ImageLock['guard'] },
): Promise<{ readonly base: BaseDescription; readonly created: boolean }> {
	const { signal, onOutput } = options;
	const progress = options.onProgress ?? (() => {});
	const known = await findBase(directory, recipeId(recipe), deb);
	if (known !== undefined && options.refresh !== true) return { base: known, created: false };

	const mode = requiredMode(await builderImagePrerequisites());
	const mirror = await debianMirror(options.mirror, signal);
	const proxies = await machineProxyOptions(signal);
	const work = await unfinishedDirectory(directory);
	try {
		const apt = join(work, 'apt');
		await mkdir(apt);
		progress(`asking ${shownMirror(mirror)} for package versions`);
		const shared = { recipe, apptainerDeb: deb?.path, proxies, onOutput, signal };
		const resolution = await resolvePackages({
			...shared,
			directory: apt,
			mirror,
			allowExpiredRelease: options.allowExpiredRelease === true,
			onProgress: progress,
		});
		const resolutionId = baseId(recipeId(recipe), deb?.sha256, resolution.packages);
		const same = (await allBases(directory)).find((base) => base.resolution === resolutionId);
		if (same !== undefined) {
			progress('nothing newer on the mirror');
			return { base: same, created: false };
		}

		progress(`installing ${Object.keys(resolution.packages).length} packages (${recipe.suite})`);
		const finished = join(work, 'base');
		await mkdir(finished, { mode: 0o700 });
		const archive = join(finished, imageLayout.archive);
		const made = await makeBase({
			...shared,
			guard: options.guard,
			mode,
			resolution,
			workDirectory: work,
			archive,
		});
		const base: BaseDescription = {
			id: baseId(recipeId(recipe), deb?.sha256, made.packages),
			size: made.size,
			sha256: made.sha256,
			suite: recipe.suite,
			packages: made.packages,
			indexes: resolution.indexes,
			recipe: recipeId(recipe),
			...(deb === undefined ? {} : { apptainerDeb: deb.sha256 }),
			resolution: resolutionId,
		};
		return await publish(directory, finished, base);
	} finally {
		await remove(work);
	}
}

async function publish(
	directory: string,
	finished: string,
	base: BaseDescription,
): Promise<{ readonly base: BaseDescription; readonly created: boolean }> {
	const target = join(directory, imageLayout.base(base.id));
	const there = await readBase(target);
	if (there !== undefined) {
		// The mirror gave what an earlier make got as well: that one may be in use, and stays.
		const described = { ...there, indexes: base.indexes, resolution: base.resolution };
		await writeJson(join(target, imageLayout.baseDescription), described);
		return { base: described, created: false };
	}
	await writeJson(join(finished, imageLayout.baseDescription), base);
	await remove(target);
	await rename(finished, target);
	return { base, created: true };
}
