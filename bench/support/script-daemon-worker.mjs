// One builder in a process of its own, whose backend runs a script: started by script-queue-worker.mjs with its bootstrap on stdin.
import { script, serveBuilder } from '@olcf/container-builder-builder';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { ws } from '@olcf/container-builder-transport-ws';

const [directory, command] = process.argv.slice(2);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const server = await serveBuilder({
	transport: ws(),
	backends: [script(['/bin/sh', '-c', command])],
	bootstrap: decodeBootstrap(Buffer.concat(chunks)),
	directory,
});
process.stdout.write(`${JSON.stringify(server.endpoints[0])}\n`);
await server.ended;
