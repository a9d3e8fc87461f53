import { chown, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackendJob } from '@olcf/container-builder-core';
import { inUserNamespace } from '../process/user-namespace.js';
import { buildEnvironment } from './build-environment.js';
import { type BuildUser, findBuildUser, giveTo } from './build-user.js';
import { missingCapabilities } from './missing-capabilities.js';
import { writeRegistries } from './registries.js';

/** As whom a build runs, where, and with what environment. */
export interface BuildSetting {
	/** Whom its processes run as, where that is not the daemon's own user. */
	readonly user: BuildUser | undefined;
	/** Whether they run as root, be it of a user namespace. */
	readonly asRoot: boolean;
	/** A path in the scratch directory. */
	readonly scratch: (name: string) => string;
	readonly environment: Readonly<Record<string, string>>;
	/** Where its user can read the secrets, each under its id; in memory. Undefined where there are none. */
	readonly secrets: string | undefined;
	/** Gives all that the build works with to its user: to be called once everything is written. */
	handOver(): Promise<void>;
}

/** Makes the directories that a backend needs, the settings in them, and the secrets' copies. */
export async function prepareBuild(
	job: BackendJob,
	options: { readonly user: string; readonly environment: NodeJS.ProcessEnv },
): Promise<BuildSetting> {
	const root = process.getuid?.() === 0;
	// Never on a machine that is more than a sandbox: there the user of that name is somebody.
	const user = root && (await inUserNamespace()) ? await findBuildUser(options.user) : undefined;
	const scratch = (name: string): string => join(job.scratchDirectory, name);
	const directories = { home: scratch('home'), temporary: scratch('tmp'), cache: scratch('cache') };
	for (const directory of [...Object.values(directories), scratch('run')]) {
		await mkdir(directory, { mode: 0o700 });
	}
	const { home, temporary, cache } = directories;
	await writeRegistries(home, job);
	const secrets = await copySecrets(job);
	const asRoot = root && user === undefined;
	return {
		user,
		asRoot,
		scratch,
		secrets,
		environment: {
			...buildEnvironment(options.environment, { terminal: job.terminal !== undefined }),
			HOME: home,
			...(user ? { USER: user.name, LOGNAME: user.name } : {}),
			TMPDIR: temporary,
			XDG_RUNTIME_DIR: scratch('run'),
			APPTAINER_TMPDIR: temporary,
			APPTAINER_CACHEDIR: cache,
			...(asRoot ? await droppedCapabilities() : {}),
		},
		handOver: async () => {
			if (user === undefined) return;
			const directory = dirname(job.imagePath);
			const own = [job.contextDirectory, job.scratchDirectory, directory, ...(secrets ? [secrets] : [])];
			await giveTo(user, own);
			await chown(job.definitionPath, user.uid, user.gid);
		},
	};
}

/** Beside the originals, in memory as they are and removed with them; those stay the daemon's own. */
async function copySecrets({ secrets }: BackendJob): Promise<string | undefined> {
	const [first] = secrets;
	if (first === undefined) return undefined;
	const directory = join(dirname(first.path), '.build');
	await mkdir(directory, { mode: 0o700 });
	for (const { id, path } of secrets) await copyFile(path, join(directory, id));
	return directory;
}

/** As root apptainer asks for every capability there is, and gives up where one is missing. */
async function droppedCapabilities(): Promise<Record<string, string>> {
	const missing = await missingCapabilities();
	return missing.length === 0 ? {} : { APPTAINER_DROP_CAPS: missing.join(',') };
}
