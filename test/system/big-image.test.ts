import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { start } from '../support/command.js';
import { daemons, peakMemory } from '../support/memory.js';
import { scratchRecipe } from '../support/recipes.js';
import { useWorkspace } from '../support/workspace.js';

describe('an image of 2 GiB', () => {
	const workspace = useWorkspace();

	it('comes over with flat memory at both ends', async () => {
		const image = join(workspace.path, 'big.sif');
		// Random bytes do not compress: the image is as big as they are.
		const definition = workspace.write(
			'big.def',
			scratchRecipe('%post\n    dd if=/dev/urandom of=/big bs=1M count=2048'),
		);
		const build = start('container-builder', [image, definition]);
		let client = 0;
		let daemon = 0;
		const timer = setInterval(() => {
			client = Math.max(client, peakMemory(build.child.pid ?? 0));
			daemon = Math.max(daemon, ...daemons().map(peakMemory));
		}, 100);
		const result = await build.ended;
		clearInterval(timer);
		expect(result.status, result.stderr).toBe(0);
		const size = statSync(image).size;
		expect(size).toBeGreaterThan(2 * 1024 ** 3);
		process.stdout.write(
			`image ${(size / 1024 ** 2).toFixed(0)} MiB; peak memory: client ${client.toFixed(0)} MiB, daemon ${daemon.toFixed(0)} MiB\n`,
		);
		expect(client).toBeGreaterThan(0);
		expect(daemon).toBeGreaterThan(0);
		expect(Math.max(client, daemon)).toBeLessThan(300);
	});
});
