import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, test } from 'vitest';
import { echo, only } from './echo.js';
import { temporaryDirectory } from './temporary-directory.js';

const request = { channel: 'build', version: 1, token: 'secret' } as const;

test('the socket is open to its owner only, whatever the umask, and gone after close', async () => {
	const directory = await temporaryDirectory();
	const umask = process.umask(0);
	try {
		const listener = await ws().listen({ url: `ws+unix://${directory}/a.sock` });
		expect((await stat(`${directory}/a.sock`)).mode & 0o777).toBe(0o600);
		expect(await readdir(directory)).toEqual(['a.sock']);
		await listener.close();
		expect(await readdir(directory)).toEqual([]);
	} finally {
		process.umask(umask);
	}
});

test('what a killed process left is replaced', async () => {
	const directory = await temporaryDirectory();
	const path = `${directory}/a.sock`;
	const script = 'require("node:net").createServer().listen(process.argv[1], () => console.log("listening"))';
	const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
	await once(child.stdout, 'data');
	child.kill('SIGKILL');
	await once(child, 'exit');
	expect((await stat(path)).isSocket()).toBe(true);

	const listener = await ws().listen({ url: `ws+unix://${path}` });
	echo(listener);
	const channel = await ws().connect(only(listener), request);
	await channel.send('alive');
	expect((await channel[Symbol.asyncIterator]().next()).value).toBe('alive');
	await channel.close();
});

test('a socket in use is refused and stays in use, a file stays a file', async () => {
	const directory = await temporaryDirectory();
	const server = createServer((socket) => socket.end());
	await new Promise<void>((resolve) => server.listen(`${directory}/used.sock`, resolve));
	await expect(ws().listen({ url: `ws+unix://${directory}/used.sock` })).rejects.toMatchObject({
		code: 'invalid-option',
		message: expect.stringContaining('another process listens'),
	});
	expect((await stat(`${directory}/used.sock`)).isSocket()).toBe(true);
	await new Promise((resolve) => server.close(resolve));

	await writeFile(`${directory}/file`, 'precious');
	await expect(ws().listen({ url: `ws+unix://${directory}/file` })).rejects.toMatchObject({
		code: 'invalid-option',
		message: expect.stringContaining('is not a socket'),
	});
	await expect(ws().listen({ url: `ws+unix://${directory}/no/such/directory.sock` })).rejects.toMatchObject({
		code: 'invalid-option',
	});
	expect(await readdir(directory)).toEqual(['file']);
});

test('of many who want the same place at once, one gets it', async () => {
	const directory = await temporaryDirectory();
	const url = `ws+unix://${directory}/a.sock`;
	const results = await Promise.allSettled(Array.from({ length: 10 }, () => ws().listen({ url })));
	const listeners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
	expect(listeners).toHaveLength(1);
	for (const listener of listeners) echo(listener);
	await (await ws().connect({ url }, request)).close();
	expect(await readdir(directory)).toEqual(['a.sock']);
});

test('close does not take away the socket of a successor', async () => {
	const directory = await temporaryDirectory();
	const url = `ws+unix://${directory}/a.sock`;
	const first = await ws().listen({ url });
	await unlink(`${directory}/a.sock`);
	const second = await ws().listen({ url });
	echo(second);
	await first.close();
	await (await ws().connect({ url }, request)).close();
});
