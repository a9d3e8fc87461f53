import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cachePath } from '@olcf/container-builder-core';
import { formatSize } from '../output/format-size.js';
import type { Finding } from './finding.js';

/** The builder image, unpacked, and one small build. */
const NEEDED_BYTES = 2 * 2 ** 30;
const COMFORTABLE_BYTES = 10 * 2 ** 30;

/** Whether there is room where builder images and the disks of sandboxes are. */
export async function examineDisk(path: string = cachePath()): Promise<Finding> {
	const free = await freeBytes(path);
	const name = 'disk';
	const detail = `${formatSize(free)} free for ${path}`;
	const remedy = 'Make room, or set XDG_CACHE_HOME to a directory on a larger local disk.';
	if (free < NEEDED_BYTES) return { name, status: 'problem', detail, remedy };
	if (free < COMFORTABLE_BYTES) return { name, status: 'warning', detail, remedy };
	return { name, status: 'ok', detail };
}

/** Of the file system that a path, or what of it exists, is on. */
async function freeBytes(path: string): Promise<number> {
	try {
		const { bavail, bsize } = await statfs(path);
		return bavail * bsize;
	} catch (error) {
		if (dirname(path) === path) throw error;
		return freeBytes(dirname(path));
	}
}
