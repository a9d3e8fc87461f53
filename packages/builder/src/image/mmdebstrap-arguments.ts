import { debianArchitecture, type Resolution } from './package-resolver.js';
import { packageNames, type Recipe } from './recipe.js';

interface MmdebstrapInput {
	readonly mode: 'root' | 'unshare';
	readonly recipe: Recipe;
	readonly resolution: Pick<Resolution, 'sources' | 'lists'>;
	readonly apptainerDeb: string | undefined;
	readonly proxies: readonly string[];
	/** Where dpkg's status of the finished tree is to be put. */
	readonly status: string;
}

/** The command line that writes a base as a tar archive to the standard output. */
export function mmdebstrapArguments(input: MmdebstrapInput): readonly string[] {
	const { recipe, resolution, apptainerDeb } = input;
	const hook = (stage: string, line: string): string => `--${stage}-hook=${line}`;
	return [
		`--mode=${input.mode}`,
		'--variant=apt',
		'--format=tar',
		`--architectures=${debianArchitecture(recipe.architecture)}`,
		`--include=${packageNames(recipe, apptainerDeb).join(',')}`,
		// Device nodes cannot be unpacked in a user namespace, and every sandbox brings its own /dev.
		'--skip=output/dev',
		...[...recipe.aptOptions, ...input.proxies].map((option) => `--aptopt=${option}`),
		...recipe.dpkgOptions.map((option) => `--dpkgopt=${option}`),
		hook('setup', `mkdir -p "$1/etc/apt/preferences.d" "$1/var/lib/apt/lists"`),
		hook('setup', `printf %s ${shellQuoted(recipe.preferences)} > "$1/etc/apt/preferences.d/base"`),
		// The indexes that the versions were resolved from: not fetched again while they are the newest.
		hook('setup', `sync-in ${shellQuoted(resolution.lists)} /var/lib/apt/lists`),
		...(apptainerDeb === undefined
			? []
			: [
					hook('customize', `upload ${shellQuoted(apptainerDeb)} /tmp/apptainer.deb`),
					hook(
						'customize',
						'chroot "$1" apt-get install --yes /tmp/apptainer.deb && rm "$1/tmp/apptainer.deb"',
					),
				]),
		...recipe.hooks.map((line) => hook('customize', line)),
		hook('customize', `download /var/lib/dpkg/status ${shellQuoted(input.status)}`),
		recipe.suite,
		'-',
		...resolution.sources,
	];
}

function shellQuoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
