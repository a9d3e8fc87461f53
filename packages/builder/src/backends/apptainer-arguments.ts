import type { BackendJob } from '@olcf/container-builder-core';

/** Bytes of the longest line that the program reads from its file of arguments, and some less. */
const MAX_LINE_BYTES = 60_000;

/** Which options this version of `apptainer build` knows, by its own `--help`. */
export interface ApptainerFeatures {
	readonly buildArguments: boolean;
	readonly buildArgumentFile: boolean;
	readonly mksquashfsArguments: boolean;
	readonly architecture: boolean;
}

/** Reads them off the help text. */
export function apptainerFeatures(help: string): ApptainerFeatures {
	const has = (option: string): boolean => new RegExp(`\\s${option}(\\s|$)`, 'm').test(help);
	return {
		buildArguments: has('--build-arg'),
		buildArgumentFile: has('--build-arg-file'),
		mksquashfsArguments: has('--mksquashfs-args'),
		architecture: has('--arch'),
	};
}

/** How a build is to be run. */
export interface ApptainerCommand {
	readonly program: string;
	readonly job: BackendJob;
	readonly features: ApptainerFeatures;
	readonly fakeroot: boolean;
	/** Where the file of arguments is, if there is one. */
	readonly argumentFile: string;
	/** Whether the job's architecture is not the machine's own. */
	readonly foreign: boolean;
}

/** The command, and the text of the file of arguments where it names one. */
export function apptainerCommand(build: ApptainerCommand): {
	readonly command: readonly [string, ...string[]];
	readonly argumentFileText: string | undefined;
} {
	const { program, job, features } = build;
	const words: string[] = [];
	if (job.debug) words.push('--debug');
	words.push('build', '--force');
	if (build.fakeroot) words.push('--fakeroot');
	if (build.foreign) words.push('--arch', job.architecture);
	if (job.compression === 'zstd' && features.mksquashfsArguments) {
		// gzip is the program's own choice, which takes ten times as long for five per cent.
		words.push('--mksquashfs-args=-comp zstd -Xcompression-level 3');
	}
	const lines: string[] = [];
	for (const [name, value] of Object.entries(job.arguments)) {
		const line = `${name}=${value}`;
		// In the file nobody sees it; on the command line everybody would.
		if (features.buildArgumentFile && fitsInFile(line)) lines.push(line);
		else words.push('--build-arg', quoted(line));
	}
	if (lines.length > 0) words.push('--build-arg-file', build.argumentFile);
	words.push(job.imagePath, job.definitionPath);
	return {
		command: [program, ...words],
		argumentFileText: lines.length > 0 ? `${lines.join('\n')}\n` : undefined,
	};
}

function fitsInFile(line: string): boolean {
	return Buffer.byteLength(line) <= MAX_LINE_BYTES && !/[\r\n]/.test(line);
}

/** The option takes a list, parsed like a line of CSV. */
function quoted(text: string): string {
	return `"${text.replaceAll('"', '""')}"`;
}
