import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerBuilder } from '@olcf/container-builder';
import { buildService } from './build-service.js';

const builder = new ContainerBuilder();
const directory = await mkdtemp(join(tmpdir(), 'build-service-'));
const server = createServer(buildService({ builder, directory }));
// Anybody who can reach it can build: this machine only.
server.listen(Number(process.env.PORT ?? 8090), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/builds`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, async () => {
		server.close();
		server.closeAllConnections();
		await builder.close();
		await rm(directory, { recursive: true, force: true });
	});
}
