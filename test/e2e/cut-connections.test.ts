import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerBuilder, RemoteQueue } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, it } from 'vitest';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { apptainer } from '../support/in-image.js';
import { startQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

const MIB = 2 ** 20;
const LINES = 60_000;
const PLAN = {
	context: { cuts: 15, withinBytes: 2 * MIB },
	output: { cuts: 15, withinBytes: 40_000 },
	image: { cuts: 15, withinBytes: 2 * MIB },
	build: { cuts: 5, withinBytes: 2_000 },
};

const workspace = useWorkspace();

it('50 cut connections at random bytes of context, output and image cost a build nothing', async () => {
	const directory = join(workspace.path, 'queue');
	mkdirSync(directory, { mode: 0o700 });
	const queue = await startQueue(directory, 'cuts', ['max: 1', 'provider: { kind: local }']);
	const seed = randomBytes(4).readUInt32LE();
	try {
		await using proxy = new CuttingProxy(PLAN, seed);
		const transports = [proxy.over(ws())];
		await using remote = new RemoteQueue({ endpoint: queue.url, transports });
		await using client = new ContainerBuilder({ queue: remote, transports });

		const sent = randomBytes(32 * MIB);
		writeFileSync(join(workspace.path, 'sent.bin'), sent);
		const text = scratchRecipe(
			`%files\n    sent.bin /sent.bin\n\n%post\n    for number in $(seq ${LINES}); do echo "line $number"; done\n    sleep 2\n`,
		);
		const image = join(workspace.path, 'image.sif');
		const build = client.build({ definition: { text }, image }, { directory: workspace.path });
		let output = '';
		for await (const bytes of build.output()) output += Buffer.from(bytes).toString('latin1');
		const result = await build;

		expect(proxy.cuts, `seed ${seed}`).toEqual({ context: 15, output: 15, image: 15, build: 5 });
		const lines = output.match(/^line \d+$/gm) ?? [];
		expect(lines.length, `seed ${seed}`).toBe(LINES);
		expect(lines.every((line, index) => line === `line ${index + 1}`)).toBe(true);
		expect(sha256(readFileSync(image))).toBe(result.image.sha256);
		expect(result.attempts).toBe(1);
		const arrived = await apptainer('exec', image, '/bin/busybox', 'sha256sum', '/sent.bin');
		expect(arrived.split(' ')[0]).toBe(sha256(sent));
	} finally {
		await queue.close();
	}
});

function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}
