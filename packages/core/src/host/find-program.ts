import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * The file of a program; undefined where it is not installed. It is looked for in the directories of `path`: by default
 * those of `PATH`, and those of administrators' programs.
 */
export async function findProgram(
	name: string,
	path: string = [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter),
): Promise<string | undefined> {
	for (const directory of path.split(delimiter)) {
		if (!directory.startsWith('/')) continue;
		const file = join(directory, name);
		try {
			await access(file, constants.X_OK);
			return file;
		} catch {
			// Not here.
		}
	}
	return undefined;
}
