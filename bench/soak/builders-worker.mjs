// The builders' process: one daemon a machine, all in here, each with a script for a backend.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { ws } from '@olcf/container-builder-transport-ws';
import { answerCalls } from '../support/answer-calls.mjs';
import { memory } from './memory.mjs';

const daemons = new Map();
let place;

const methods = {
	create: async ({ builderId, owner, labels, bootstrap }) => {
		const directory = join(place, builderId);
		const listen = { url: `ws+unix://${directory}.sock` };
		const server = await serveBuilder({
			transport: ws(),
			backends: [script(['/bin/sh', '-c', 'seq 1000; cp "$DEFINITION" "$IMAGE"'])],
			bootstrap: decodeBootstrap(Buffer.from(JSON.stringify({ ...JSON.parse(bootstrap), listen }))),
			directory,
		});
		const machine = {
			id: builderId,
			builderId,
			owner,
			state: 'running',
			reach: 'host',
			imageId: 'none',
			labels,
		};
		daemons.set(builderId, { server, directory, machine: { ...machine, endpoint: listen } });
		return daemons.get(builderId).machine;
	},
	destroy: async ({ builderId }) => {
		const { server, directory } = daemons.get(builderId) ?? {};
		daemons.delete(builderId);
		await server?.close();
		if (directory !== undefined) await rm(directory, { recursive: true, force: true });
		return null;
	},
	list: async () => [...daemons.values()].map(({ machine }) => machine),
};

answerCalls({
	memory,
	serve: async ({ directory, machines }) => {
		place = directory;
		const server = createServer({ allowHalfOpen: true }, async (socket) => {
			let question = '';
			socket.setEncoding('utf8').on('data', (text) => {
				question += text;
			});
			await once(socket, 'end');
			const { method, target } = JSON.parse(question);
			socket.end(JSON.stringify(await methods[method](target)));
		});
		await new Promise((resolve) => server.listen(machines, resolve));
	},
});
