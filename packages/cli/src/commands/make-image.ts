import { resolve } from 'node:path';
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
	const { makeBuilderImage } = await import('@olcf/container-builder-builder');
	const deb = values['apptainer-deb'];
	phases.start('Making the builder image');
	const image = await makeBuilderImage({
		daemon: daemonPath(),
		format: values.format,
		mirror: values.mirror,
		allowExpiredRelease: values['allow-expired-release'],
		apptainerDeb: deb === undefined ? undefined : resolve(invocation.directory, deb),
		refresh: values.refresh,
		signal,
		onProgress: (message) => phases.update(message, { lasting: true }),
		onOutput: values.debug ? (chunk) => invocation.stderr.write(chunk) : undefined,
	});
	const { manifest, path, created } = image;
	const made = created.base
		? 'Made'
		: created.daemon
			? 'Made the layer of the daemon'
			: 'It was there already';
	phases.done(`${made} (${formatSize(manifest.base.size)})`);
	if (values.json) writeJson(invocation.stdout, { path, created, id: manifest.id, manifest });
	else invocation.stdout.write(`${path}\n`);
	return 0;
}
