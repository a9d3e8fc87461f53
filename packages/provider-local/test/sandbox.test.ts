import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cachePath, type Machine, type MachineRequest } from '@olcf/container-builder-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalOptions } from '../src/index.js';
import { stateTag } from '../src/machine-id.js';
import { readMachine } from '../src/read-machine.js';
import { bundle } from './fixtures/bundle.js';
import { cannotRun } from './fixtures/can-run.js';
import { call, run, SandboxSession, until } from './fixtures/sandbox-session.js';

const { kill } = process;

describe.skipIf(cannotRun !== undefined)('sandboxes', () => {
	let session: SandboxSession;
	beforeEach(async () => {
		session = await SandboxSession.open();
	});
	afterEach(() => session.close());

	test('are made, listed and destroyed, and nothing is left', async () => {
		const provider = session.provider();
		const request = session.request({ labels: { colour: 'green' } });
		const machine = await provider.create(request);
		expect(machine).toMatchObject({ state: 'running', reach: 'host', labels: { colour: 'green' } });
		expect(machine.imageId).toBe(await provider.resolveImage?.(request));
		expect(await provider.list({ owner: session.owner })).toEqual([machine]);
		expect(JSON.parse(await call(machine, '/'))).toMatchObject({ bootstrap: {} });
		const processes = await session.processes();
		expect(processes.length).toBeGreaterThanOrEqual(5);
		expect(await session.left(processes)).not.toEqual([]);
		expect(await provider.console?.(machine.id)).toBe('the daemon has started\n');
		await provider.destroy(request);
		expect(await session.left(processes)).toEqual([]);
		await expect(provider.console?.(machine.id)).rejects.toMatchObject({ code: 'not-found' });
		await provider.close?.();
	});

	test('show their daemon what it needs, and nothing of this machine', async () => {
		const provider = session.provider();
		const machine = await provider.create(session.request());
		const { output } = await run(
			machine,
			`id -u; cat /proc/self/uid_map | xargs; hostname; cat /etc/hostname; readlink /proc/1/exe
			ls /dev | xargs; echo x >/dev/null && head -c 1 /dev/zero | wc -c; ls /proc/1/fd | xargs
			touch /var/lib/container-builder/x /tmp/y && stat -c %a /tmp; getent hosts localhost | head -1 | cut -d' ' -f1
			ls -d ${session.stateDirectory} ${cachePath()} 2>&1; ls /mnt /.old 2>&1; ls /proc | grep -c '^[0-9]'`,
		);
		expect(output.split('\n')).toEqual([
			'0',
			'0 1 196608',
			'builder',
			'builder',
			'/usr/bin/tini',
			'fd full fuse null ptmx pts random shm stderr stdin stdout tty urandom zero',
			'1',
			'0 1 2',
			'1777',
			'::1',
			`ls: cannot access '${session.stateDirectory}': No such file or directory`,
			`ls: cannot access '${cachePath()}': No such file or directory`,
			"ls: cannot access '/.old': No such file or directory",
			'/mnt:',
			expect.stringMatching(/^[1-9]$/),
			'',
		]);
		await provider.close?.();
	});

	test('keep their socket and this machine’s file system out of a build’s hands', async () => {
		const provider = session.provider();
		const machine = await provider.create(session.request());
		await call(machine, '/');
		const { output } = await run(
			machine,
			`ls /run/container-builder; rm -f /run/container-builder/builder.sock; touch /run/container-builder/x
			mount -o remount,rw /run/container-builder
			setpriv --reuid 1000 --regid 1000 --clear-groups ls /run/container-builder
			mknod /tmp/disk b 7 0; mount -t ext4 /dev/loop0 /tmp; ip link set lo down; dmesg`,
		);
		expect(
			output.split('\n').filter((line) => !/denied|not permitted|may have more|permission/.test(line)),
		).toEqual(['']);
		expect(JSON.parse(await call(machine, '/')).pid).toBeGreaterThan(1);
		await provider.close?.();
		expect(await session.left()).toEqual([]);
	});

	test('run beside one another without meeting', async () => {
		const provider = session.provider();
		const requests = [1, 2, 3, 4].map(() => session.request());
		const machines = await Promise.all(requests.map((request) => provider.create(request)));
		await Promise.all(
			machines.map((machine, index) => run(machine, `echo ${index} >/etc/mine; sleep 60 >/dev/null 2>&1 &`)),
		);
		for (const [index, machine] of machines.entries()) {
			const { output } = await run(machine, 'cat /etc/mine; grep -lx sleep /proc/[0-9]*/comm | wc -l');
			expect(output).toBe(`${index}\n1\n`);
		}
		const processes = await session.processes();
		await Promise.all(requests.map((request) => provider.destroy(request)));
		expect(await session.left(processes)).toEqual([]);
		await provider.close?.();
	});

	test('write to memory, or to a directory, where they are told to', async () => {
		for (const disk of ['tmpfs', 'directory'] as const) {
			const provider = session.provider({ disk });
			const request = session.request();
			const machine = await provider.create(request);
			const size = (await run(machine, 'df -B1 --output=size / | tail -1')).output.trim();
			if (disk === 'tmpfs') expect(size).toBe(String(1024 ** 3));
			else expect(Number(size)).toBeGreaterThan(1024 ** 3);
			expect(
				(await run(machine, 'useradd -m somebody && su somebody -c "echo x >~/y" && cat ~somebody/y')).output,
			).toBe('x\n');
			await provider.destroy(request);
			expect(await session.left()).toEqual([]);
			await provider.close?.();
		}
	});

	test('fail with what their daemon said last', async () => {
		const provider = session.provider();
		const request = session.request({ bootstrap: Buffer.from('{"fail":"no good bootstrap"}') });
		const machine = await provider.create(request);
		await until(async () => (await provider.list({ owner: session.owner }))[0]?.state === 'failed');
		const [found] = await provider.list({ owner: session.owner });
		expect(found).toMatchObject({ id: machine.id, state: 'failed' });
		expect(found?.fault).toContain('no good bootstrap');
		await provider.destroy(request);
		expect(await session.left()).toEqual([]);
		await provider.close?.();
	});

	test('fail when their init is killed, and its processes are gone at once', async () => {
		const provider = session.provider();
		const machine = await provider.create(session.request());
		await run(machine, 'setsid sleep 600 >/dev/null 2>&1 &');
		const processes = await session.processes();
		kill(await recorded(session, machine, 'init'), 'SIGKILL');
		await until(async () => (await provider.list({ owner: session.owner }))[0]?.state === 'failed');
		await until(async () => {
			const left = await session.left(processes);
			return !left.some((line) => line.startsWith('loop'));
		});
		await provider.close?.();
		expect(await session.left(processes)).toEqual([]);
	});

	test('end when their time is up', async () => {
		const provider = session.provider({ tether: false });
		await provider.create(session.request({ lifetimeMs: 3000 }));
		const processes = await session.processes();
		await until(async () => (await session.left(processes)).length === 0);
		await provider.close?.();
	});

	test('are refused, with nothing left, for an image that is not there or is damaged', async () => {
		const provider = session.provider();
		await expect(provider.create(session.request({ image: 'never' }))).rejects.toMatchObject({
			code: 'builder-image',
			outcome: 'none',
			hint: expect.stringContaining('cb-image make'),
		});
		const path = join(session.image, 'image.json');
		const manifest = JSON.parse(await readFile(path, 'utf8'));
		const damaged = { ...manifest.base, id: 'd'.repeat(64), sha256: '0'.repeat(64) };
		await writeFile(path, JSON.stringify({ ...manifest, base: damaged }));
		await expect(provider.create(session.request())).rejects.toMatchObject({
			code: 'builder-image',
			message: expect.stringContaining('SHA-256'),
		});
		await expect(stat(join(cachePath(), 'trees', `${damaged.id}-100000`))).rejects.toThrow('ENOENT');
		expect(await session.left()).toEqual([]);
	});

	test('say why where the command of the image does not exist', async () => {
		const path = join(session.image, 'image.json');
		const manifest = JSON.parse(await readFile(path, 'utf8'));
		await writeFile(path, JSON.stringify({ ...manifest, command: ['/no/such/daemon'] }));
		const provider = session.provider();
		// It starts, and ends: whether that is seen in time is a matter of luck.
		const outcome = await provider.create(session.request()).then(
			() => undefined,
			(error: Error) => error.message,
		);
		if (outcome === undefined) {
			await until(async () => (await provider.list({ owner: session.owner }))[0]?.state === 'failed');
		}
		const [machine] = await provider.list({ owner: session.owner });
		expect(outcome ?? machine?.fault).toContain('/no/such/daemon');
		await provider.close?.();
		expect(await session.left()).toEqual([]);
	});

	test('are swept with all that half-made and killed ones left', async () => {
		const provider = session.provider();
		await provider.create(session.request());
		await provider.close?.();
		const name = `${stateTag(session.stateDirectory)}.0123456789abcdef`;
		const group = join('/sys/fs/cgroup/pids/container-builder', name);
		const grouped = await mkdir(group, { recursive: true }).then(
			() => true,
			() => false,
		);
		await writeFile(join(cachePath(), 'disks', `${name}.img`), 'x');
		await mkdir(join(session.stateDirectory, 'aaaaaaaaaaaaaaaa'));
		await mkdir(join(session.stateDirectory, 'bbbbbbbbbbbbbbbb.999999999'));
		const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
		if (grouped) await writeFile(join(group, 'cgroup.procs'), String(sleeper.pid));
		const filter = { owner: session.owner, keep: new Set<string>(), olderThanMs: 0 };
		expect(await provider.sweep({ ...filter, olderThanMs: 3_600_000 })).toEqual([
			{ kind: 'files', id: 'bbbbbbbbbbbbbbbb.999999999' },
		]);
		const removed = await provider.sweep(filter);
		expect(removed.map(({ kind }) => kind).sort()).toEqual([
			...(grouped ? ['cgroup'] : []),
			'files',
			'files',
		]);
		expect(await session.left([...(grouped ? [String(sleeper.pid)] : [])])).toEqual([]);
		expect(await provider.sweep(filter)).toEqual([]);
		if (sleeper.exitCode === null) sleeper.kill('SIGKILL');
	});

	describe('of a process that is killed', () => {
		let built: Awaited<ReturnType<typeof bundle>>;
		beforeAll(async () => {
			built = await bundle();
		}, 60_000);
		afterAll(() => built.remove());

		const managers: ChildProcess[] = [];
		afterEach(() => {
			for (const child of managers.splice(0)) child.kill('SIGKILL');
		});

		const manager = (options: LocalOptions, requests: readonly MachineRequest[]) => {
			const plain = requests.map((request) => ({
				...request,
				bootstrap: Buffer.from(request.bootstrap).toString(),
			}));
			const script = fileURLToPath(new URL('fixtures/manager.mjs', import.meta.url));
			const args = [script, built.file, JSON.stringify(session.options(options)), JSON.stringify(plain)];
			const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
			managers.push(child);
			return child;
		};
		const made = async (child: ReturnType<typeof manager>, count: number): Promise<readonly Machine[]> => {
			const machines: Machine[] = [];
			for await (const line of createInterface({ input: child.stdout })) {
				machines.push(JSON.parse(line));
				if (machines.length === count) break;
			}
			return machines;
		};

		test('go with it', async () => {
			const child = manager({}, [session.request(), session.request({ network: 'isolated' })]);
			const [machine] = await made(child, 2);
			if (machine === undefined) throw new Error('no machine');
			await run(machine, 'for i in $(seq 200); do sleep 600 >/dev/null 2>&1 & done');
			const processes = await session.processes();
			expect(processes.length).toBeGreaterThan(200);
			child.kill('SIGKILL');
			await once(child, 'exit');
			await until(async () => (await session.left(processes)).length === 0);
		});

		test('go with it also while they are being made', async () => {
			for (const delayMs of [0, 10, 20, 40, 60, 80, 110, 150]) {
				const child = manager({}, [session.request({ network: 'isolated' })]);
				const line = once(child.stdout, 'data');
				// From when there is something of it.
				await Promise.race([line, until(async () => (await session.left()).length > 0)]);
				await new Promise((resolve) => setTimeout(resolve, delayMs));
				child.kill('SIGKILL');
				await once(child, 'exit');
				await until(async () => (await session.left()).length === 0);
				line.catch(() => {});
			}
		});

		test('live on where they are not tethered, and are found and swept by the next', async () => {
			const child = manager({ tether: false }, [session.request(), session.request()]);
			const machines = await made(child, 2);
			child.kill('SIGKILL');
			await once(child, 'exit');
			const provider = session.provider({ tether: false });
			expect(provider.capabilities.durable).toBe(true);
			const byId = (one: Machine, two: Machine): number => one.id.localeCompare(two.id);
			const found = await provider.list({ owner: session.owner });
			expect([...found].sort(byId)).toEqual([...machines].sort(byId));
			for (const machine of found) expect(JSON.parse(await call(machine, '/')).pid).toBeGreaterThan(1);
			const processes = await session.processes();
			const keep = new Set([machines[0]?.builderId ?? '']);
			const filter = { owner: session.owner, keep, olderThanMs: 0 };
			expect(await provider.sweep(filter)).toEqual([{ kind: 'machine', id: machines[1]?.builderId }]);
			expect(await provider.list({ owner: session.owner })).toEqual([machines[0]]);
			await provider.sweep({ ...filter, keep: new Set() });
			expect(await session.left(processes)).toEqual([]);
		});

		test('are found also where their supervisors were killed with it', async () => {
			const child = manager({}, [session.request({ network: 'isolated' })]);
			const [machine] = await made(child, 1);
			if (machine === undefined) throw new Error('no machine');
			for (const name of ['watcher', 'supervisor'] as const) {
				kill(await recorded(session, machine, name), 'SIGKILL');
			}
			child.kill('SIGKILL');
			await once(child, 'exit');
			// They take their time to die.
			await until(async () => (await readMachine(session.stateDirectory, machine.id))?.abandoned === true);
			const provider = session.provider();
			expect(await provider.list({ owner: session.owner })).toEqual([machine]);
			const processes = await session.processes();
			// Of another owner, but whose process is dead.
			const filter = { owner: 'another', keep: new Set<string>(), olderThanMs: 0 };
			expect(await provider.sweep(filter)).toEqual([{ kind: 'machine', id: machine.builderId }]);
			expect(await session.left(processes)).toEqual([]);
		});
	});
});

async function recorded(session: SandboxSession, machine: Machine, name: string): Promise<number> {
	const text = await readFile(join(session.stateDirectory, machine.id, 'processes'), 'utf8');
	return Number(new RegExp(`^${name} (\\d+) `, 'm').exec(text)?.[1]);
}
