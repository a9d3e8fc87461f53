import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { execa } from 'execa';
import { simulatedPackages, updateFailure } from './apt-output.js';
import { mirrorError } from './image-error.js';
import { shownMirror } from './machine-mirror.js';
import { KEYRING } from './prerequisites.js';
import { APPTAINER_SUITE, packageNames, type Recipe } from './recipe.js';

/** What the mirror would give for a recipe now. */
export interface Resolution {
	readonly packages: Readonly<Record<string, string>>;
	/** SHA-256 of the uncompressed package index, by suite. */
	readonly indexes: Readonly<Record<string, string>>;
	/** The lines of `sources.list` that it was found by. */
	readonly sources: readonly string[];
	/** The directory of the package indexes. */
	readonly lists: string;
}

interface ResolveOptions {
	/** An empty directory, the caller's to remove. */
	readonly directory: string;
	readonly mirror: string;
	readonly recipe: Recipe;
	readonly apptainerDeb: string | undefined;
	readonly proxies: readonly string[];
	readonly allowExpiredRelease: boolean;
	readonly onProgress: (message: string) => void;
	readonly onOutput: ((chunk: Uint8Array) => void) | undefined;
	readonly signal: AbortSignal | undefined;
}

/** Asks the mirror which versions a recipe means, by an apt with a root of its own. Nothing is installed. */
export async function resolvePackages(options: ResolveOptions): Promise<Resolution> {
	const { directory, mirror, recipe, apptainerDeb } = options;
	const suites = apptainerDeb === undefined ? [recipe.suite, APPTAINER_SUITE] : [recipe.suite];
	const configuration = await makeAptRoot(options);
	const run = (command: readonly string[]) => runApt(configuration, command, options);

	const expired = new Set<string>();
	const sources = () => suites.map((suite) => sourceLine(mirror, suite, expired.has(suite)));
	for (;;) {
		await writeFile(join(directory, 'etc/apt/sources.list'), `${sources().join('\n')}\n`);
		const { failed, output } = await run(['-o', 'APT::Update::Error-Mode=any', 'update']);
		if (!failed) break;
		const failure = updateFailure(output);
		const another = failure.reason === 'expired' && failure.suites.some((suite) => !expired.has(suite));
		if (failure.reason !== 'expired' || !another || !options.allowExpiredRelease) {
			throw mirrorError(shownMirror(mirror), failure);
		}
		for (const suite of failure.suites) expired.add(suite);
		options.onProgress(
			`warning: the package index of ${failure.suites.join(' and ')} is past its date (since ${failure.since}) and is used all the same`,
		);
	}

	const names = ['?essential', 'apt', ...packageNames(recipe, apptainerDeb)];
	if (apptainerDeb !== undefined) names.push(apptainerDeb);
	const { failed, output } = await run(['--simulate', 'install', ...names]);
	if (failed) {
		const failure = updateFailure(output);
		const line = 'line' in failure ? failure.line : output;
		throw new ContainerBuilderError(
			'builder-image',
			`the packages cannot be installed from ${shownMirror(mirror)}: ${line}`,
			{
				hint:
					apptainerDeb === undefined
						? 'The mirror may be in the middle of an update: try again later, or name another with --mirror URL.'
						: `Check that ${apptainerDeb} is a package of apptainer for Debian ${recipe.suite} on ${recipe.architecture}.`,
				details: { output: output.slice(-4000) },
			},
		);
	}
	const indexes = await indexDigests(configuration, suites, options);
	// It would come into the tree with this user as its owner.
	await rm(join(directory, 'var/lib/apt/lists/lock'), { force: true });
	return {
		packages: simulatedPackages(output),
		indexes,
		sources: sources(),
		lists: join(directory, 'var/lib/apt/lists'),
	};
}

async function makeAptRoot({ directory, recipe, proxies }: ResolveOptions): Promise<string> {
	for (const path of [
		'etc/apt/preferences.d',
		'var/lib/apt/lists/partial',
		'var/cache/apt/archives/partial',
	]) {
		await mkdir(join(directory, path), { recursive: true });
	}
	await mkdir(join(directory, 'var/lib/dpkg'), { recursive: true });
	await writeFile(join(directory, 'var/lib/dpkg/status'), '');
	await writeFile(join(directory, 'etc/apt/preferences.d/base'), recipe.preferences);
	const architecture = debianArchitecture(recipe.architecture);
	const lines = [
		`Dir "${directory}"`,
		`Dir::Etc "${join(directory, 'etc/apt')}"`,
		// This machine's own configuration may take expired indexes, keep them compressed, or recommend packages.
		'Dir::Etc::Parts "/dev/null"',
		'Dir::Etc::Main "/dev/null"',
		`Dir::State "${join(directory, 'var/lib/apt')}"`,
		`Dir::State::status "${join(directory, 'var/lib/dpkg/status')}"`,
		`Dir::Cache "${join(directory, 'var/cache/apt')}"`,
		'Dir::Log "/dev/null"',
		`APT::Architecture "${architecture}"`,
		`APT::Architectures { "${architecture}"; }`,
		// The directory is nobody else's to read.
		'APT::Sandbox::User ""',
		'Acquire::http::Timeout "20"',
		'Acquire::https::Timeout "20"',
		'quiet "1"',
		...recipe.aptOptions,
		...proxies,
	];
	const configuration = join(directory, 'apt.conf');
	await writeFile(configuration, lines.map((line) => `${line};\n`).join(''));
	return configuration;
}

/** Debian's name of an architecture. */
export function debianArchitecture(architecture: Recipe['architecture']): string {
	return architecture === 'ppc64le' ? 'ppc64el' : architecture;
}

function sourceLine(mirror: string, suite: string, expired: boolean): string {
	return `deb [${expired ? 'check-valid-until=no ' : ''}signed-by=${KEYRING}] ${mirror} ${suite} main`;
}

async function indexDigests(
	configuration: string,
	suites: readonly string[],
	options: ResolveOptions,
): Promise<Record<string, string>> {
	const format = ['--format', '$(RELEASE) $(FILENAME)', 'Created-By: Packages'];
	const { output } = await runApt(configuration, ['indextargets', ...format], options);
	const digests: Record<string, string> = {};
	for (const line of output.split('\n')) {
		const [suite = '', ...rest] = line.split(' ');
		if (!suites.includes(suite)) continue;
		const hash = createHash('sha256');
		await pipeline(createReadStream(rest.join(' ')), hash);
		digests[suite] = hash.digest('hex');
	}
	return digests;
}

async function runApt(
	configuration: string,
	command: readonly string[],
	{ onOutput, signal }: ResolveOptions,
): Promise<{ readonly failed: boolean; readonly output: string }> {
	const apt = execa('apt-get', command, {
		all: true,
		reject: false,
		stdin: 'ignore',
		env: { APT_CONFIG: configuration, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' },
		...(signal === undefined ? {} : { cancelSignal: signal }),
	});
	if (onOutput !== undefined && command.includes('update')) apt.all.on('data', onOutput);
	const { failed, all } = await apt;
	throwIfAborted(signal);
	return { failed, output: all };
}
