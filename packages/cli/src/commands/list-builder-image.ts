import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { daemonPath } from '../daemon-path.js';
import type { cbImageListCommand } from '../options/cb-image-options.js';
import { formatSize } from '../output/format-size.js';
import { writeJson } from '../output/write-json.js';
import type { CommandContext } from './run-command.js';

/** What somebody wants to know of the hundreds of packages. */
const SHOWN = ['apptainer', 'buildah', 'nodejs', 'debootstrap', 'squashfs-tools'];

/** `cb-image list`, and `cb-image path`. */
export async function listBuilderImage(
	{ values, invocation, signal }: CommandContext<typeof cbImageListCommand.options>,
	{ pathOnly = false }: { readonly pathOnly?: boolean } = {},
): Promise<number> {
	const { findBuilderImage } = await import('@olcf/container-builder-builder');
	const found = await findBuilderImage({ signal });
	if (found === undefined) {
		throw new ContainerBuilderError('builder-image', 'there is no builder image on this machine', {
			hint: 'Make one: cb-image make',
		});
	}
	const { manifest, path } = found;
	const current = (await findBuilderImage({ daemon: daemonPath(), signal })) !== undefined;
	const { stdout } = invocation;
	if (values.json) writeJson(stdout, pathOnly ? { path } : { path, current, manifest });
	else if (pathOnly) stdout.write(`${path}\n`);
	else {
		const rows = [
			['id', manifest.id],
			['path', path],
			['format', manifest.format],
			['architecture', manifest.architecture],
			['made', manifest.createdAt],
			['base', `Debian ${manifest.base.suite}, ${formatSize(manifest.base.size)}`],
			['daemon', current ? 'of this version' : 'of another version; bring it up to date: cb-image make'],
			...SHOWN.flatMap((name) => {
				const version = manifest.base.packages[name];
				return version === undefined ? [] : [[name, version]];
			}),
		] as const;
		for (const [name = '', value] of rows) stdout.write(`${`${name}:`.padEnd(16)}${value}\n`);
	}
	return 0;
}
