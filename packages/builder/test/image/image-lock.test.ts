import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { imageLock } from '../../src/image/image-lock.js';

let directory = '';
let file = '';
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'image-lock-'));
	file = join(directory, '.lock');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('is held by one at a time; the next one is told that it waits', async () => {
	const order: string[] = [];
	const first = await imageLock(file, { onWait: () => order.push('first waits') });
	let second: Promise<void> | undefined;
	await new Promise<void>((resolve) => {
		const onWait = (): void => {
			order.push('second waits');
			resolve();
		};
		second = imageLock(file, { onWait }).then(async (lock) => {
			order.push('second holds');
			await lock.release();
		});
	});
	order.push('first releases');
	await first.release();
	await first.release();
	await second;
	expect(order).toEqual(['second waits', 'first releases', 'second holds']);
});

it('is given up by a signal while waiting', async () => {
	const first = await imageLock(file);
	const controller = new AbortController();
	const second = imageLock(file, { signal: controller.signal, onWait: () => controller.abort('enough') });
	await expect(second).rejects.toMatchObject({ code: 'canceled', message: 'enough' });
	await first.release();
	// Nobody is left in the line.
	const third = await imageLock(file);
	await third.release();
});

it('ends the process group that was named last when its holder goes', async () => {
	const left = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
	const ended = once(left, 'exit');
	const lock = await imageLock(file);
	lock.guard({ processGroup: left.pid ?? 0, signal: 'TERM' });
	await lock.release();
	expect((await ended)[1]).toBe('SIGTERM');
});

it('leaves a process group alone that was taken back', async () => {
	const left = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
	const ended = once(left, 'exit');
	const lock = await imageLock(file);
	lock.guard({ processGroup: left.pid ?? 0, signal: 'TERM' });
	lock.guard(undefined);
	await lock.release();
	left.kill('SIGUSR1');
	expect((await ended)[1]).toBe('SIGUSR1');
});

it('says where it cannot be', async () => {
	await expect(imageLock(join(directory, 'nowhere', '.lock'))).rejects.toMatchObject({
		code: 'builder-image',
	});
});
