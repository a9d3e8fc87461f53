import { resolve } from 'node:path';
import type { BuilderImage, VmImage } from '@olcf/container-builder-builder';
import { daemonPath } from '../daemon-path.js';
import type { cbImageMakeCommand } from '../options/cb-image-options.js';
import { formatSize } from '../output/format-size.js';
import { writeJson } from '../output/write-json.js';
import type { CommandContext } from './run-command.js';

/** `cb-image make`. */
export async function makeImage({
	values,
	invocation,
	phases,
	signal,
}: CommandContext<typeof cbImageMakeCommand.options>): Promise<number> {
	const { makeBuilderImage, makeVmImage } = await import('@olcf/container-builder-builder');
	const deb = values['apptainer-deb'];
	const options = {
		daemon: daemonPath(),
		mirror: values.mirror,
		allowExpiredRelease: values['allow-expired-release'],
		apptainerDeb: deb === undefined ? undefined : resolve(invocation.directory, deb),
		refresh: values.refresh,
		signal,
		onProgress: (message: string) => phases.update(message, { lasting: true }),
		onOutput: values.debug ? (chunk: Uint8Array) => void invocation.stderr.write(chunk) : undefined,
	};
	phases.start('Making the builder image');
	const { path, created, manifest, done } =
		values.format === 'raw' || values.format === 'qcow2'
			? vmOutcome(await makeVmImage({ ...options, format: values.format }))
			: rootfsOutcome(await makeBuilderImage(options));
	phases.done(done);
	if (values.json) writeJson(invocation.stdout, { path, created, id: manifest.id, manifest });
	else invocation.stdout.write(`${path}\n`);
	return 0;
}

function rootfsOutcome(image: BuilderImage) {
	const { created, manifest } = image;
	const made = created.base
		? 'Made'
		: created.daemon
			? 'Made the layer of the daemon'
			: 'It was there already';
	return { ...image, done: `${made} (${formatSize(manifest.base.size)})` };
}

function vmOutcome(image: VmImage) {
	const { created, manifest } = image;
	const made = created ? 'Made' : 'It was there already';
	return {
		...image,
		done: `${made} (a disk of ${formatSize(manifest.disk.size)}, ${manifest.kernel.package})`,
	};
}
