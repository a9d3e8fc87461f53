import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BaseDescription, parseBaseDescription, parseManifest } from './image-schema.js';
import { imageLayout, readJson } from './image-store.js';

/** A Debian package that stands in for sid's apptainer. */
export interface ApptainerDeb {
	readonly path: string;
	readonly sha256: string;
}

/**
 * The base made by a recipe: the current image's where it is one, else any. Where no package of apptainer is named,
 * one that was made with such a package will do as well.
 */
export async function findBase(
	directory: string,
	recipe: string,
	deb: ApptainerDeb | undefined,
): Promise<BaseDescription | undefined> {
	const current = parseManifest(await readJson(join(directory, imageLayout.current, imageLayout.manifest)));
	const fitting = (await allBases(directory)).filter(
		(base) => base.recipe === recipe && (deb === undefined || base.apptainerDeb === deb.sha256),
	);
	return fitting.find(({ id }) => id === current?.base.id) ?? fitting[0];
}

/** All bases that are whole. */
export async function allBases(directory: string): Promise<readonly BaseDescription[]> {
	const found: BaseDescription[] = [];
	for (const name of await readdir(directory)) {
		if (!name.startsWith(imageLayout.base(''))) continue;
		const base = await readBase(join(directory, name));
		if (base !== undefined) found.push(base);
	}
	return found;
}

/** The description of a base that is whole. */
export async function readBase(path: string): Promise<BaseDescription | undefined> {
	const base = parseBaseDescription(await readJson(join(path, imageLayout.baseDescription)));
	if (base === undefined) return undefined;
	const size = await stat(join(path, imageLayout.archive)).then(
		(found) => found.size,
		() => undefined,
	);
	return size === base.size ? base : undefined;
}
