import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { collect, collectAll } from './support/collect.js';
import { request, shell, startBuilder } from './support/start-builder.js';

const MIB = 2 ** 20;

describe('an image', () => {
	it('of 256 MiB takes no more memory than a small one', async () => {
		await using builder = await startBuilder([
			shell(`head -c ${256 * MIB} /dev/zero > "$IMAGE"; echo x >> "$IMAGE"`),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		const before = process.memoryUsage().arrayBuffers;
		let peak = 0;
		const watch = setInterval(() => {
			peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
		}, 5);
		const hash = createHash('sha256');
		let size = 0;
		try {
			await collectAll(client.states());
			const image = await client.image();
			for await (const chunk of image.chunks) {
				hash.update(chunk);
				size += chunk.length;
			}
			expect({ size, sha256: hash.digest('hex') }).toEqual({ size: image.size, sha256: image.sha256 });
		} finally {
			clearInterval(watch);
		}
		expect(size).toBe(256 * MIB + 2);
		expect(peak).toBeGreaterThan(0);
		expect(peak).toBeLessThan(96 * MIB);
	});

	it('is there from any offset, as often as it is wanted', async () => {
		await using builder = await startBuilder([shell('seq 1 500000 > "$IMAGE"')]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		await collectAll(client.states());
		const whole = await collect((await client.image()).chunks);
		for (const from of [1, MIB - 1, MIB, MIB + 1, whole.length - 1, whole.length]) {
			const image = await client.image({ from });
			expect(image.size).toBe(whole.length);
			expect((await collect(image.chunks)).equals(whole.subarray(from))).toBe(true);
		}
		await expect(client.image({ from: whole.length + 1 })).rejects.toMatchObject({ code: 'transfer-failed' });
	});

	it('is refused as long as there is none, and with the reason where there will be none', async () => {
		await using builder = await startBuilder([shell('exit 3')]);
		await builder.lease();
		const client = builder.connect();
		await expect(client.image()).rejects.toMatchObject({ code: 'not-found' });
		await client.start(request());
		await collectAll(client.states());
		await expect(client.image()).rejects.toMatchObject({ code: 'build-failed' });
	});

	it('may not be larger than asked for, nor than the builder allows', async () => {
		for (const [own, asked] of [
			[10_000, 999],
			[999, 10_000],
		]) {
			await using builder = await startBuilder([shell('head -c 1000 /dev/zero > "$IMAGE"')], {
				limits: { imageBytes: own },
			});
			await builder.lease();
			const client = builder.connect();
			await client.start(request({ limits: { imageBytes: asked } }));
			await collectAll(client.states());
			expect((await client.state()).error).toMatchObject({ code: 'size-limit' });
		}
	});
});
