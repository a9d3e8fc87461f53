import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { registryLogins } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const auth = (name: string, password: string) => ({
	auth: Buffer.from(`${name}:${password}`).toString('base64'),
});

async function home(files: Readonly<Record<string, object | string>>) {
	const directory = await temporaryDirectory();
	for (const [name, content] of Object.entries(files)) {
		const path = join(directory, name);
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
		if (name.startsWith('bin/')) await chmod(path, 0o755);
	}
	const warnings: string[] = [];
	const ask = (
		registries: readonly string[],
		variables: NodeJS.ProcessEnv = {},
		options: {
			readonly authfile?: string;
			readonly helperTimeoutMs?: number;
			readonly signal?: AbortSignal;
		} = {},
	) => {
		const { signal, ...others } = options;
		const logins = registryLogins({
			home: directory,
			environment: { PATH: `${join(directory, 'bin')}:${process.env.PATH}`, ...variables },
			onWarning: (message) => warnings.push(message),
			...others,
		});
		return logins(registries, { signal });
	};
	return { directory, warnings, ask };
}

test("the user's files in their order, reduced to the registries asked for", async () => {
	const { directory, warnings, ask } = await home({
		'run/containers/auth.json': { auths: { 'one.example': auth('run', '1') } },
		'.config/containers/auth.json': {
			auths: { 'one.example': auth('config', '2'), 'two.example/team': auth('config', '3') },
		},
		'.docker/config.json': {
			auths: {
				'https://two.example': auth('docker', '4'),
				'https://index.docker.io/v1/': auth('docker', '5'),
				'twolong.example': auth('docker', '6'),
			},
		},
		'.apptainer/docker-config.json': { auths: { 'three.example': auth('apptainer', '7') } },
		'elsewhere/config.json': { auths: { 'docker.io': auth('elsewhere', '8') } },
	});
	const environment = { XDG_RUNTIME_DIR: join(directory, 'run') };
	expect(await ask(['one.example'], environment)).toEqual([
		{ registry: 'one.example', username: 'run', password: '1' },
	]);
	expect(await ask(['two.example', 'docker.io', 'three.example', 'unknown.example'], environment)).toEqual([
		{ registry: 'two.example/team', username: 'config', password: '3' },
		{ registry: 'two.example', username: 'docker', password: '4' },
		{ registry: 'docker.io', username: 'docker', password: '5' },
		{ registry: 'three.example', username: 'apptainer', password: '7' },
	]);
	expect(await ask(['one.example'])).toEqual([
		{ registry: 'one.example', username: 'config', password: '2' },
	]);
	expect(await ask(['docker.io'], { DOCKER_CONFIG: join(directory, 'elsewhere') })).toEqual([
		{ registry: 'docker.io', username: 'elsewhere', password: '8' },
	]);
	const only = { REGISTRY_AUTH_FILE: join(directory, '.docker/config.json') };
	expect(await ask(['one.example', 'docker.io'], only)).toEqual([
		{ registry: 'docker.io', username: 'docker', password: '5' },
	]);
	expect(await ask([])).toEqual([]);
	expect(warnings).toEqual([]);
});

test('a file of its own that cannot be used is a warning, a named one an error', async () => {
	const { directory, warnings, ask } = await home({
		'.docker/config.json': '{"auths": {"a.example": {"auth": "SECRET',
		'.config/containers/auth.json/in-the-way': '',
	});
	expect(await ask(['a.example'])).toEqual([]);
	expect(warnings).toEqual([
		`${directory}/.config/containers/auth.json is a directory; the logins in it are not used`,
		`${directory}/.docker/config.json: not a file of registry logins: it is not JSON; the logins in it are not used`,
	]);
	await expect(ask(['a.example'], {}, { authfile: '/nowhere/auth.json' })).rejects.toMatchObject({
		code: 'invalid-option',
		message: 'the authfile /nowhere/auth.json does not exist',
		hint: expect.stringContaining('podman login --authfile /nowhere/auth.json'),
	});
	const broken = await ask([], {}, { authfile: join(directory, '.docker/config.json') }).catch(
		(error) => error,
	);
	expect(broken).toMatchObject({
		code: 'invalid-option',
		message: expect.stringContaining('it is not JSON'),
	});
	expect(inspect(broken)).not.toContain('SECRET');
});

const HELPER = `#!/bin/sh
read -r server
echo "$1 $server" >> "$LOG"
case "$server" in
	https://index.docker.io/v1/) echo '{"ServerURL":"x","Username":"<token>","Secret":"refresh"}' ;;
	private.example) echo '{"Username":"eve","Secret":"from helper"}' ;;
	broken.example) echo 'SECRET and no JSON' ;;
	failing.example) echo 'SECRET: locked'; exit 2 ;;
	slow.example) exec sleep 60 ;;
	*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

test('credential helpers are asked for what the files do not have', async () => {
	const { directory, warnings, ask } = await home({
		'bin/docker-credential-fake': HELPER,
		'.docker/config.json': {
			auths: { 'file.example': auth('frank', 'in the file'), 'private.example': {} },
			credsStore: 'fake',
			credHelpers: { 'docker.io': 'fake', 'gone.example': 'none-such' },
		},
	});
	const environment = { LOG: join(directory, 'log') };
	expect(await ask(['docker.io', 'file.example', 'private.example', 'unknown.example'], environment)).toEqual(
		[
			{ registry: 'docker.io', identityToken: 'refresh' },
			{ registry: 'file.example', username: 'frank', password: 'in the file' },
			{ registry: 'private.example', username: 'eve', password: 'from helper' },
		],
	);
	expect(warnings).toEqual([]);
	expect(await ask(['broken.example', 'failing.example', 'gone.example'], environment)).toEqual([]);
	expect(warnings).toEqual([
		'docker-credential-fake, asked for the login to broken.example, did not answer with a login in JSON',
		'docker-credential-fake, asked for the login to failing.example, ended with status 2',
		'docker-credential-none-such, asked for the login to gone.example, is not to be found on PATH',
	]);
	warnings.length = 0;
	expect(await ask(['slow.example'], environment, { helperTimeoutMs: 200 })).toEqual([]);
	expect(warnings).toEqual([
		'docker-credential-fake, asked for the login to slow.example, did not answer within 0.2 s',
	]);
	const abort = new AbortController();
	const asked = ask(['slow.example'], environment, { signal: abort.signal });
	abort.abort();
	await expect(asked).rejects.toMatchObject({ code: 'canceled' });
});
