import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendJob, RegistryMirror } from '@olcf/container-builder-core';
import { isLoopbackRegistry } from '../bases/base-reference.js';

/** A registry on the machine's own loopback, as it stands in a reference, in quotes, or in `${NAME:-localhost}`. */
const LOOPBACK = /(?<![\w.]|(?<!:)-)(?:127(?:\.\d{1,3}){3}|localhost)(?::\d{1,5})?(?=[/"'}\s]|$)/gi;

/**
 * The text of a containers-registries.conf(5) file by which images are looked for in their mirrors first, and
 * registries on the loopback are spoken to without TLS, as Docker does.
 */
export function registriesText(mirrors: readonly RegistryMirror[], loopback: readonly string[]): string {
	const registries = loopback.map(
		(host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`,
	);
	const mirrored = mirrors.map(({ prefix, location }) => {
		const [name, place] = [JSON.stringify(prefix), JSON.stringify(location)];
		const insecure = isLoopbackRegistry(prefix.split('/', 1)[0] ?? '');
		// Without a location of its own, an entry would be of no registry at all.
		return `[[registry]]\nprefix = ${name}\nlocation = ${name}\ninsecure = ${insecure}\n[[registry.mirror]]\nlocation = ${place}\ninsecure = true\n`;
	});
	return [...registries, ...mirrored].join('\n');
}

/** The registries on the loopback that these texts name, each once. */
export function loopbackIn(texts: readonly string[]): readonly string[] {
	return [...new Set(texts.flatMap((text) => text.match(LOOPBACK) ?? []))];
}

/**
 * Writes it where buildah looks for the settings of the user whose home this is. Apptainer 1.4 reads no such file when
 * it pulls: its definitions have to name the mirror themselves.
 */
export async function writeRegistries(
	home: string,
	{ definitionPath, arguments: values, mirrors }: BackendJob,
): Promise<void> {
	const loopback = loopbackIn([await readFile(definitionPath, 'utf8'), ...Object.values(values)]);
	if (mirrors.length === 0 && loopback.length === 0) return;
	const directory = join(home, '.config', 'containers', 'registries.conf.d');
	await mkdir(directory, { recursive: true });
	// After the machine's own files, so that it wins.
	await writeFile(join(directory, '90-container-builder.conf'), registriesText(mirrors, loopback));
}
