import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { collect, collectAll } from './support/collect.js';
import { request, shell, startBuilder } from './support/start-builder.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a build', () => {
	it('goes through its phases, and output and image arrive', async () => {
		await using builder = await startBuilder([
			shell('echo one; echo two >&2; echo three; cp "$DEFINITION" "$IMAGE"'),
		]);
		const control = await builder.lease();
		const client = builder.connect();
		await client.start(request());
		const events = await collectAll(client.states());
		expect(events.map((event) => (event.type === 'phase' ? event.phase : event.type))).toEqual([
			'leased',
			'building',
			'backend-start',
			'limits',
			'backend-end',
			'image',
			'built',
			'end',
		]);
		expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
		expect((await collect(client.output())).toString()).toBe('one\ntwo\nthree\n');
		const image = await client.image();
		const bytes = await collect(image.chunks);
		expect(bytes.toString()).toBe('Bootstrap: scratch\n');
		expect(image.sha256).toBe(sha256(bytes));
		expect(await control.call('probe', {})).toMatchObject({
			phase: 'built',
			exitCode: 0,
			image: { size: bytes.length, sha256: sha256(bytes) },
		});
		await builder.server.close();
		expect(await readdir(builder.directory)).toEqual([]);
	});
});
