import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The path of a program, looked for in `PATH` and in the places of administrators' programs. */
export async function findProgram(
	name: string,
	environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
	const directories = [...(environment.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
	for (const directory of directories) {
		if (!directory.startsWith('/')) continue;
		const path = join(directory, name);
		try {
			await access(path, constants.X_OK);
			return path;
		} catch {
			// Not here.
		}
	}
	return undefined;
}
