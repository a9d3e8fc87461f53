import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apptainer } from '../src/index.js';
import { collect, collectAll } from './support/collect.js';
import { request, startBuilder } from './support/start-builder.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-apptainer-test-'));
	await mkdir(`${directory}/bin`);
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

const path = (): NodeJS.ProcessEnv => ({
	PATH: `${directory}/bin:/usr/bin:/bin`,
	SECRET: 'x',
	https_proxy: 'http://p',
});

/** A program that behaves like the real one as far as the backend looks; tells how it was called. */
async function install(name: string, version: string): Promise<void> {
	const text = `#!/bin/sh
case "$*" in
	--version) echo "${version}";;
	"build --help") echo "  --build-arg strings   x"; echo "  --build-arg-file string   x"; echo "  --mksquashfs-args string   x";;
	*)
		for word; do [ "$before" = --build-arg-file ] && cat "$word"; before=$word; image=$previous; previous=$word; done
		env | sort; pwd; cp "$previous" "$image";;
esac
`;
	await writeFile(`${directory}/bin/${name}`, text);
	await chmod(`${directory}/bin/${name}`, 0o755);
}

describe('apptainer', () => {
	it('is found by its version, Apptainer before Singularity', async () => {
		expect(await apptainer({ environment: { PATH: '/nowhere' } }).version()).toBeUndefined();
		await install('singularity', 'singularity-ce version 4.1.1-jammy');
		expect(await apptainer({ environment: path() }).version()).toBe('4.1.1-jammy');
		await install('apptainer', 'apptainer version 1.4.5-2');
		expect(await apptainer({ environment: path() }).version()).toBe('1.4.5-2');
	});

	it('is started in the context, with scratch directories on disk and a clean environment', async () => {
		await install('apptainer', 'apptainer version 1.4.5');
		await using builder = await startBuilder([apptainer({ environment: path() })]);
		await builder.lease();
		const client = builder.connect();
		expect((await client.info()).backends).toEqual([{ name: 'apptainer', version: '1.4.5' }]);
		await client.start(request({ arguments: { NAME: 'a value' } }));
		const output = (await collect(client.output())).toString();
		const events = await collectAll(client.states());
		expect(events.at(-1)).toMatchObject({ type: 'end', phase: 'built' });
		expect(output).toContain('NAME=a value\n');
		expect(output).not.toContain('SECRET');
		expect(output).toContain('https_proxy=http://p\n');
		const build = `${builder.directory}/build-`;
		expect(output).toMatch(new RegExp(`^APPTAINER_TMPDIR=${build}\\w+/scratch/tmp$`, 'm'));
		expect(output).toMatch(new RegExp(`^APPTAINER_CACHEDIR=${build}\\w+/scratch/cache$`, 'm'));
		expect(output).toMatch(new RegExp(`^HOME=${build}\\w+/scratch/home$`, 'm'));
		expect(output).toMatch(new RegExp(`^${build}\\w+/context$`, 'm'));
		const start = events.find((event) => event.type === 'backend-start');
		expect(start?.command.join(' ')).toContain('--mksquashfs-args=-comp zstd -Xcompression-level 3');
		expect(start?.command.join(' ')).not.toContain('a value');
	});

	it('is reported as missing where it is', async () => {
		await using builder = await startBuilder([apptainer({ environment: { PATH: '/nowhere' } })]);
		await builder.lease();
		const client = builder.connect();
		await expect(client.start(request())).rejects.toMatchObject({ code: 'unsupported' });
	});
});

describe('the definition', () => {
	it('reaches the backend as it is', async () => {
		await install('apptainer', 'apptainer version 1.4.5');
		await using builder = await startBuilder([apptainer({ environment: path() })]);
		await builder.lease();
		const client = builder.connect();
		const definition = 'Bootstrap: scratch\r\n%post\n\techo "ä"\n';
		await client.start(request({ definition }));
		await collectAll(client.states());
		expect((await collect((await client.image()).chunks)).toString()).toBe(definition);
	});
});
