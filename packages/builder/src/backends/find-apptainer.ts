import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type ApptainerFeatures, apptainerFeatures } from './apptainer-arguments.js';

const run = promisify(execFile);

/** Whichever of them is there first. */
const PROGRAMS = ['apptainer', 'singularity', 'singularity-ce'] as const;

/** A program that this machine has. */
export interface FoundProgram {
	readonly program: string;
	readonly version: string;
}

/** Finds Apptainer, or SingularityCE where that is what the machine has; undefined where it has neither. */
export async function findApptainer(
	program: string | undefined,
	environment: NodeJS.ProcessEnv,
): Promise<FoundProgram | undefined> {
	for (const name of program === undefined ? PROGRAMS : [program]) {
		const version = await programVersion(name, environment);
		if (version !== undefined) return { program: name, version };
	}
	return undefined;
}

/** What a program says behind `version` when it is asked for it; undefined where it is not installed. */
export async function programVersion(
	program: string,
	environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
	const text = await run(program, ['--version'], { env: environment }).catch(() => undefined);
	if (text === undefined) return undefined;
	return /version\s+(\S+)/.exec(text.stdout)?.[1] ?? text.stdout.trim().slice(0, 256);
}

/** Which options of `build` it knows. */
export async function readFeatures(
	program: string,
	environment: NodeJS.ProcessEnv,
): Promise<ApptainerFeatures> {
	const { stdout } = await run(program, ['build', '--help'], { env: environment });
	return apptainerFeatures(stdout);
}

/** SingularityCE has its own names for where things go. */
export function apptainerEnvironment(
	program: string,
	environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
	const { APPTAINER_TMPDIR: temporary, APPTAINER_CACHEDIR: cache } = environment;
	if (!program.includes('singularity') || temporary === undefined || cache === undefined) return environment;
	return { ...environment, SINGULARITY_TMPDIR: temporary, SINGULARITY_CACHEDIR: cache };
}
