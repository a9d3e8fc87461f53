import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSubordinateIds } from '../src/identities.js';
import { isMachineId, machineId } from '../src/machine-id.js';
import { type MachineMeta, parseMeta } from '../src/machine-meta.js';
import { isAlive, parseProcessList, parseProcessStat } from '../src/process-list.js';
import { machineState } from '../src/read-machine.js';
import { defaultStateDirectory, openStateDirectory, socketPath, socketUrl } from '../src/state-directory.js';

const META: MachineMeta = {
	version: 1,
	provider: 'local',
	id: '0123456789abcdef',
	owner: 'o',
	builderId: 'b',
	pool: 'p',
	imageId: 'i',
	labels: { a: 'b' },
	createdUptimeMs: 12.5,
	bootId: 'boot',
	tethered: true,
	trees: ['t'],
};

describe('a machine’s record', () => {
	test('is read as it was written', () => {
		expect(parseMeta(JSON.stringify(META))).toEqual(META);
	});

	test('counts as none where it is not whole', () => {
		const text = JSON.stringify(META);
		for (let length = 0; length < text.length; length++)
			expect(parseMeta(text.slice(0, length))).toBeUndefined();
		for (const change of [
			{ version: 2 },
			{ owner: 7 },
			{ labels: { a: 1 } },
			{ trees: 't' },
			{ labels: null },
		]) {
			expect(parseMeta(JSON.stringify({ ...META, ...change }))).toBeUndefined();
		}
	});

	test('is never an error', () => {
		fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseMeta(text) === undefined));
	});

	test('has an id that is short, and another for another owner, builder or provider', () => {
		const ids = [
			['local', 'a', 'b'],
			['host', 'a', 'b'],
			['local', 'ab', ''],
			['local', 'a-b', 'c'],
			['local', 'a', 'b-c'],
		].map(([provider = '', owner = '', builder = '']) => machineId(provider, owner, builder));
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.every(isMachineId)).toBe(true);
		expect(machineId('local', 'a', 'b')).toBe(ids[0]);
	});

	test.each([
		[{ deleting: true, initAlive: true, supervisorAlive: true }, 'deleting'],
		[{ deleting: false, initAlive: true, supervisorAlive: true }, 'running'],
		[{ deleting: false, initAlive: true, supervisorAlive: false }, 'running'],
		[{ deleting: false, initAlive: false, supervisorAlive: true }, 'failed'],
		[{ deleting: false, initAlive: undefined, supervisorAlive: true }, 'creating'],
		[{ deleting: false, initAlive: undefined, supervisorAlive: false }, 'failed'],
	] as const)('tells its state: %j is %s', (signs, state) => {
		expect(machineState(signs)).toBe(state);
	});
});

describe('the list of processes', () => {
	test('is read, half a line at its end apart', () => {
		expect(
			parseProcessList('boot 7c-1 0\nsupervisor 12 345\nnonsense\ninit 13 3x\nlauncher 14 350\ninit 15 3'),
		).toEqual({
			bootId: '7c-1',
			processes: [
				{ name: 'supervisor', pid: 12, startTime: '345' },
				{ name: 'launcher', pid: 14, startTime: '350' },
			],
		});
	});

	test('is understood also where a process has an odd name', () => {
		const rest = `S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 4711 0`;
		expect(parseProcessStat(`12 (a) b) (c) ${rest}`)).toEqual({ state: 'S', startTime: '4711' });
		expect(parseProcessStat('')).toBeUndefined();
	});

	test('tells the living from the dead, and from those that have got their pid', async () => {
		const text = await readFile('/proc/self/stat', 'utf8');
		const startTime = parseProcessStat(text)?.startTime ?? '';
		const own = { name: 'own', pid: process.pid, startTime };
		expect(await isAlive(own)).toBe(true);
		expect(await isAlive({ ...own, startTime: String(Number(startTime) + 1) })).toBe(false);
		const child = spawn('sleep', ['600']);
		await once(child, 'spawn');
		const stat = parseProcessStat(await readFile(`/proc/${child.pid}/stat`, 'utf8'));
		child.kill('SIGKILL');
		await once(child, 'exit');
		expect(await isAlive({ name: 'child', pid: child.pid ?? 0, startTime: stat?.startTime ?? '' })).toBe(
			false,
		);
	});
});

describe('the state directory', () => {
	test('is where the system keeps such things', () => {
		expect(defaultStateDirectory({}, 0)).toBe('/run/container-builder');
		expect(defaultStateDirectory({ XDG_RUNTIME_DIR: '/run/user/7' }, 7)).toBe(
			'/run/user/7/container-builder',
		);
		expect(defaultStateDirectory({}, 7)).toBe('/tmp/container-builder-7');
	});

	test('is nobody else’s to enter, and not too deep for a socket', async () => {
		const directory = await mkdtemp('/tmp/cb-state-');
		const path = await openStateDirectory(join(directory, 'x'));
		expect((await stat(path)).mode & 0o777).toBe(0o700);
		await expect(openStateDirectory(join(directory, 'y'.repeat(80)))).rejects.toMatchObject({
			code: 'provider-misconfigured',
			message: expect.stringContaining('bytes too long'),
		});
		await expect(openStateDirectory('/proc/self/stat')).rejects.toMatchObject({
			code: 'provider-misconfigured',
		});
		await rm(directory, { recursive: true });
	});

	test('may have a name that a URL has to spell', () => {
		const path = socketPath('/tmp/a b?c#d%', '0123456789abcdef');
		expect(decodeURIComponent(new URL(socketUrl(path)).pathname)).toBe(path);
	});
});

describe('subordinate ids', () => {
	test('are the widest range that is the user’s', () => {
		const text = '# comment\nother:1:9\nme:100000:65536\nme:300000:196608\n1001:5:70000\nme:x:9999999\n';
		expect(parseSubordinateIds(text, 'me', 7)).toEqual({ first: 300_000, count: 196_608 });
		expect(parseSubordinateIds(text, 'nobody', 1001)).toEqual({ first: 5, count: 70_000 });
		expect(parseSubordinateIds(text, 'nobody', 7)).toBeUndefined();
	});
});
