import type { ApptainerDefinition, Position } from './definition-types.js';

/** A local path that a definition refers to. */
export interface LocalFile {
	/** As it is written, relative to the directory that the build starts from. */
	readonly path: string;
	/** `files`: copied into the image. `image`: the base that it is built from. `archive`: the same, from another program. */
	readonly use: 'files' | 'image' | 'archive';
	/** Whether `*`, `?` and `[…]` in `path` are wildcards. */
	readonly wildcards: boolean;
	readonly position: Position;
}

const ARCHIVES = new Set(['docker-archive', 'oci-archive', 'oci']);

/** The local paths that a definition refers to, in every stage, in the order of the text. */
export function localFiles(definition: ApptainerDefinition): readonly LocalFile[] {
	return definition.stages.flatMap((stage) => {
		const from = stage.header.get('from');
		const files: LocalFile[] = stage.files
			.filter((file) => file.from === undefined)
			.map(({ source, wildcards, position }) => ({ path: source, use: 'files', wildcards, position }));
		const path = from === undefined ? '' : imagePath(stage.bootstrap, from.value);
		if (from === undefined || path === '') return files;
		const use = stage.bootstrap === 'localimage' ? 'image' : 'archive';
		return [{ path, use, wildcards: false, position: from.valuePosition }, ...files];
	});
}

/** The path in a `From:`; archives may have `:tag` behind it. */
function imagePath(bootstrap: string, from: string): string {
	if (bootstrap === 'localimage') return from;
	return ARCHIVES.has(bootstrap) ? (from.split(':')[0] ?? '') : '';
}
