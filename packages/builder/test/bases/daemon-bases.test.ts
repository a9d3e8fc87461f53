import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { Backend, BackendJob, BuildRequest, RegistryLogin } from '@olcf/container-builder-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect, collectAll } from '../support/collect.js';
import { daemonBundle } from '../support/daemon-bundle.js';
import {
	type Descriptor,
	hasRegistry,
	PASSWORD,
	type PrivateRegistry,
	startPrivateRegistry,
} from '../support/private-registry.js';
import { request, type StartedBuilder, shell, startBuilder } from '../support/start-builder.js';

const SIF = Buffer.from('the bytes of a SIF file');

/** What belongs to this test's own fetchers, and is not dead. */
async function fetchers(file: string): Promise<readonly string[]> {
	const found: string[] = [];
	for (const pid of await readdir('/proc')) {
		if (!/^\d+$/.test(pid)) continue;
		const words = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
		const state = /\) (\S)/.exec(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))?.[1];
		if (words.includes(file) && state !== 'Z') found.push(pid);
	}
	return found;
}

describe.runIf(hasRegistry)('a builder', () => {
	let registry: PrivateRegistry;
	let image: Descriptor;
	let bundle: { readonly file: string; readonly remove: () => Promise<void> };
	/** The builder's file system in memory. */
	let memory: string;
	beforeAll(async () => {
		[registry, bundle] = await Promise.all([startPrivateRegistry(), daemonBundle()]);
		image = await registry.image('team/base', '1', Buffer.from('a layer'));
		await registry.manifest('team/sif', '1', {
			schemaVersion: 2,
			mediaType: 'application/vnd.oci.image.manifest.v1+json',
			config: await registry.blob('team/sif', Buffer.from('{}'), 'application/vnd.sylabs.sif.config.v1+json'),
			layers: [await registry.blob('team/sif', SIF, 'application/vnd.sylabs.sif.layer.v1.sif')],
		});
	});
	afterAll(async () => {
		await registry[Symbol.asyncDispose]();
		await bundle.remove();
	});
	beforeEach(async () => {
		memory = await mkdtemp('/dev/shm/cb-daemon-bases-');
	});
	afterEach(async () => {
		await rm(memory, { recursive: true });
	});

	/** A daemon whose backend looks around with what a stranger would look with. */
	async function start(options: { logins?: boolean; command?: readonly [string, ...string[]] } = {}) {
		const jobs: BackendJob[] = [];
		const definitions: string[] = [];
		const seen: { fetchers: readonly string[]; memory: readonly string[]; manifest: number }[] = [];
		const inner = shell('cp "$DEFINITION" "$IMAGE"; grep -rl hunter2[-]registry /dev/shm "$SCRATCH/.." || :');
		const backend: Backend = {
			...inner,
			execute: async (job, backendOptions) => {
				jobs.push(job);
				definitions.push(await readFile(job.definitionPath, 'utf8'));
				const location = job.mirrors[0]?.location;
				const [host, ...path] = location?.split('/') ?? [];
				seen.push({
					fetchers: await fetchers(bundle.file),
					memory: await readdir(memory),
					manifest:
						location === undefined
							? 0
							: (await fetch(`http://${host}/v2/${path.join('/')}/manifests/1`)).status,
				});
				return await inner.execute(job, backendOptions);
			},
		};
		const builder = await startBuilder([backend], {
			environment: { ...process.env, XDG_RUNTIME_DIR: memory },
			fetchCommand: options.command ?? [process.execPath, bundle.file, 'fetch-bases'],
			bootstrap: options.logins ? { logins: true } : {},
		});
		return { builder, jobs, definitions, seen };
	}

	async function build(
		builder: StartedBuilder,
		fields: Partial<BuildRequest>,
		logins?: readonly RegistryLogin[],
	) {
		await builder.lease(logins ? { logins } : {});
		const client = builder.connect();
		await client.start(request(fields));
		const events = await collectAll(client.states());
		const output = (await collect(client.output())).toString();
		const state = await client.state();
		expect(JSON.stringify([events, output, state])).not.toContain(PASSWORD);
		return { events, state, output };
	}

	const from = (path = 'team/base:1'): string => `Bootstrap: docker\nFrom: ${registry.host}/${path}\n`;

	it.each<[string, (definition: string) => Partial<BuildRequest>]>([
		['a definition file', () => ({ definition: from() })],
		[
			'a Dockerfile',
			() => ({
				kind: 'dockerfile',
				definition: `ARG TAG\nFROM ${registry.host}/team/base:$TAG\n`,
				arguments: { TAG: '1' },
			}),
		],
	])(
		'brings a private base of %s with the user’s login, before the backend starts',
		async (_name, fields) => {
			const { builder, jobs, seen } = await start();
			await using _builder = builder;
			const { events, state, output } = await build(builder, { ...fields(''), logins: [registry.login] });
			expect(state).toMatchObject({ phase: 'built' });
			const bases = [{ reference: `${registry.host}/team/base:1`, digest: image.digest }];
			const types = events.map(({ type }) => type);
			expect(events.find(({ type }) => type === 'bases')).toMatchObject({ bases });
			expect(types.indexOf('bases')).toBeLessThan(types.indexOf('backend-start'));
			expect(jobs[0]?.mirrors).toMatchObject([{ prefix: `${registry.host}/team/base` }]);
			// While the backend ran: the base could be had, the login could not, nor was there anybody who knew it.
			expect(seen).toEqual([{ fetchers: [], memory: [], manifest: 200 }]);
			expect(output).toBe('');
			await expect(fetch(`http://${jobs[0]?.mirrors[0]?.location.split('/')[0]}/v2/`)).rejects.toThrow();
		},
	);

	it('brings it with the site’s login, which only the process that fetches can read', async () => {
		const { builder, seen } = await start({ logins: true });
		await using _builder = builder;
		const { state } = await build(builder, { definition: from() }, [registry.login]);
		expect(state).toMatchObject({ phase: 'built' });
		expect(seen).toEqual([{ fetchers: [], memory: [], manifest: 200 }]);
	});

	it('ends the process that waits for the site’s logins also where nothing needs them, and with the daemon', async () => {
		const { builder, seen } = await start({ logins: true });
		{
			await using _builder = builder;
			const { state } = await build(builder, {}, [registry.login]);
			expect(state).toMatchObject({ phase: 'built' });
			expect(seen).toMatchObject([{ fetchers: [], memory: [] }]);
		}
		const idle = await start({ logins: true });
		const control = await idle.builder.dialControl();
		expect((await idle.builder.enrol(control)).loginsKey).toMatch(/^[\w-]{43}$/);
		expect(await fetchers(bundle.file)).toHaveLength(1);
		await idle.builder[Symbol.asyncDispose]();
		expect(await fetchers(bundle.file)).toEqual([]);
	});

	it('has no key for logins where nobody has announced any', async () => {
		const { builder } = await start();
		await using _builder = builder;
		const accepted = await builder.enrol(await builder.dialControl());
		expect(accepted).toMatchObject({ builderId: 'builder-1' });
		expect(accepted.loginsKey).toBeUndefined();
		expect(await fetchers(bundle.file)).toEqual([]);
	});

	it('has the stages of a definition file begin with what was brought, and changes nothing else', async () => {
		const { builder, definitions, jobs } = await start();
		await using _builder = builder;
		const definition = [
			'# a comment',
			'BootStrap: oras',
			'FROM: {{ PLACE }}/team/sif:1',
			'Stage: one',
			'',
			'%post',
			'    echo From: oras',
			'',
			'Bootstrap: docker',
			`Registry: ${registry.host}`,
			'Namespace: \\',
			'    team',
			'From: base:1 # the first',
			'Stage: two',
			'',
			'Bootstrap: scratch',
			'',
		];
		const { state } = await build(builder, {
			definition: definition.join('\n'),
			arguments: { PLACE: registry.host },
			logins: [registry.login],
		});
		expect(state).toMatchObject({ phase: 'built' });
		const lines = (definitions[0] ?? '').split('\n');
		const path = /^From: (\S+)/.exec(lines[2] ?? '')?.[1] ?? '';
		expect(path.startsWith(builder.directory)).toBe(true);
		expect(await readFile(path)).toEqual(SIF);
		expect(lines).toEqual([
			...definition.slice(0, 1),
			'Bootstrap: localimage',
			`From: ${path} # ${registry.host}/team/sif:1`,
			...definition.slice(3, 8),
			'Bootstrap: docker',
			'',
			'',
			'',
			`From: ${jobs[0]?.mirrors[0]?.location}@${image.digest} # ${registry.host}/team/base:1`,
			...definition.slice(13),
		]);
	});

	it('tells which login is wrong, and starts no backend', async () => {
		const { builder, jobs } = await start();
		await using _builder = builder;
		const wrong = { ...registry.login, password: 'not-the-password' };
		const { state, events } = await build(builder, { definition: from(), logins: [wrong] });
		expect(state).toMatchObject({
			phase: 'failed',
			backendStarted: false,
			error: {
				code: 'build-failed',
				message: `the registry ${registry.host} refuses ${registry.host}/team/base:1 to your login`,
			},
		});
		expect(JSON.stringify([events, state])).not.toContain('not-the-password');
		expect(jobs).toEqual([]);
		expect(await readdir(memory)).toEqual([]);
		expect(await fetchers(bundle.file)).toEqual([]);
	});

	it('leaves a private base to the backend where there is no login for it', async () => {
		const { builder, jobs } = await start();
		await using _builder = builder;
		const other = { registry: 'registry.example', username: 'a', password: PASSWORD };
		const { state, events } = await build(builder, { definition: from(), logins: [other] });
		expect(state).toMatchObject({ phase: 'built' });
		expect(events.filter(({ type }) => type === 'bases')).toEqual([]);
		expect(jobs[0]?.mirrors).toEqual([]);
	});

	it('tells after a failure that a base needs a login, where there is none', async () => {
		const builder = await startBuilder([shell('exit 1')]);
		await using _builder = builder;
		const { state } = await build(builder, { definition: from() });
		expect(state.error?.hint).toContain(`Nobody may have ${registry.host}/team/base:1 without a login`);
	});

	it.each<[string, readonly [string, ...string[]]]>([
		['cannot be started', ['/does/not/exist']],
		['ends before its time', ['/bin/true']],
	])('fails by its own fault where what fetches %s', async (_name, command) => {
		const { builder } = await start({ command });
		await using _builder = builder;
		const { state } = await build(builder, { definition: from(), logins: [registry.login] });
		expect(state).toMatchObject({ phase: 'failed', error: { code: 'backend-failed' } });
	});

	it('is canceled while it fetches, and leaves nothing', async () => {
		// Never answers, whoever asks.
		const { builder } = await start({ command: ['/bin/sh', '-c', `sleep 1000 # ${bundle.file}`] });
		await using _builder = builder;
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ definition: from(), logins: [registry.login] }));
		while ((await fetchers(bundle.file)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		await client.cancel();
		expect(await client.state()).toMatchObject({ phase: 'canceled', backendStarted: false });
		expect(await fetchers(bundle.file)).toEqual([]);
		expect(await readdir(memory)).toEqual([]);
	});
});
