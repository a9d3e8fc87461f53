import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, run } from './run.mjs';
import { say } from './say.mjs';

/** The top of the checkout. */
export const root = new URL('../../', import.meta.url).pathname;
const stamps = join(root, 'node_modules', '.stamps');

/** Installs what the lock file names, once for each lock file. */
export async function installModules() {
	await once(
		'install',
		['package.json', 'package-lock.json', 'packages/*/package.json', 'examples/*/package.json'],
		'node_modules/.package-lock.json',
		async () => {
			say('installing npm packages');
			// Not `ci`: a lock file written behind a mirror without other platforms' binaries is a mismatch to it.
			const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
			await run('npm', ['install', ...options], { cwd: root });
		},
	);
}

/** Builds all packages, once for each state of their sources. */
export async function buildPackages() {
	const inputs = [
		'package-lock.json',
		'tsconfig.base.json',
		'tsup.config.base.ts',
		'packages/*/package.json',
		'packages/*/tsup.config.ts',
		'packages/*/src',
	];
	await once('build', inputs, 'packages/cli/dist/cb-builder.mjs', async () => {
		say('building the packages');
		await run(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root });
	});
}

/**
 * Makes the builder image where there is none for the daemon of this `cb-image`. An expired package index is accepted
 * only after the check has failed.
 */
export async function prepareBuilderImage(command = bin('cb-image')) {
	say('preparing the builder image (about a minute the first time)');
	await makeImage(command, []);
}

/** The same for virtual machines; by root only. */
export async function prepareVirtualMachineImage(command = bin('cb-image')) {
	say('preparing the image of a virtual machine (about a minute the first time)');
	await makeImage(command, ['--format', 'raw']);
}

async function makeImage(command, options) {
	const first = await capture(process.execPath, [command, 'make', ...options, '--json']);
	if (first.status === 0) return;
	if (!first.stderr.includes('--allow-expired-release')) {
		throw Object.assign(new Error(`the builder image cannot be made:\n${first.stderr.trim()}`), {
			status: first.status,
		});
	}
	say('an index of the mirror is past its date: making the builder image with --allow-expired-release');
	await run(process.execPath, [command, 'make', ...options, '--allow-expired-release'], {
		stdio: ['ignore', 'ignore', 'inherit'],
	});
}

/** Path of a built command. */
export function bin(name) {
	return join(root, 'packages/cli/dist/bin', `${name}.js`);
}

async function once(name, patterns, product, action) {
	const hash = createHash('sha256');
	for (const path of patterns.flatMap(expand).sort())
		hash.update(path).update('\0').update(readFileSync(path)).update('\0');
	const key = hash.digest('hex');
	const stamp = join(stamps, name);
	if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
	await action();
	mkdirSync(stamps, { recursive: true });
	writeFileSync(stamp, key);
}

function expand(pattern) {
	const [head, ...rest] = pattern.split('*/');
	if (rest.length > 0) {
		const directory = join(root, head);
		if (!existsSync(directory)) return [];
		return readdirSync(directory).flatMap((entry) => expand(`${head}${entry}/${rest.join('*/')}`));
	}
	const path = join(root, pattern);
	if (!existsSync(path)) return [];
	return statSync(path).isDirectory() ? files(path) : [path];
}

function files(directory) {
	return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
		const path = join(directory, entry.name);
		return entry.isDirectory() ? files(path) : [path];
	});
}
