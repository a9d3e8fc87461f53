import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningCommand } from '../support/command.js';
import { delayingProxy } from '../support/delaying-proxy.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { apptainer } from '../support/in-image.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../support/leftovers.js';
import { type OtherHost, otherHost } from '../support/other-host.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MIB = 2 ** 20;
const SECONDS = 15;
/** Six minutes in the nightly run: longer than firewalls remember a connection. */
const CUT_SECONDS = Number(process.env.NETWORK_CUT_SECONDS ?? 60);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A client on another host than queue and builders, which it reaches through the queue only: the builders' sockets are on
 * that machine. What happens to the network on the way costs a build nothing.
 */
describe('a client on another host', () => {
	const place = temporaryDirectory();
	let before: Leftovers;
	let other: OtherHost;
	let queue: GuardedQueue;
	let environment: Record<string, string>;
	beforeAll(async () => {
		before = leftovers();
		other = otherHost(7);
		queue = await guardedQueue(place, {
			owner: 'networks',
			listen: `${other.address}:0`,
			lines: `leases: { idle: ${CUT_SECONDS + 120}s }\n`,
		});
		environment = queue.environment(await queue.token('add', 'alice'));
	});
	afterAll(async () => {
		await queue.close();
		other.close();
		await expectNothingLeft(before);
	});

	let directory = '';
	let number = 0;
	const sent = randomBytes(20 * MIB);
	beforeEach(() => {
		directory = join(place.path, `build-${++number}`);
		mkdirSync(directory);
		writeFileSync(join(directory, 'sent.bin'), sent);
		writeFileSync(
			join(directory, 'app.def'),
			scratchRecipe(
				`%files\n    sent.bin /sent.bin\n\n%post\n    for second in $(seq ${SECONDS}); do echo "second $second"; sleep 1; done`,
			),
		);
	});
	afterEach(() => {
		other.plug(true);
		other.lose(0);
		other.mute(undefined);
	});

	const build = (...args: string[]): RunningCommand =>
		other.start('container-builder', [...args, 'app.sif', 'app.def'], { cwd: directory, environment });
	/** All of the output, once; and the image as the builder had it. */
	const expectAll = async (client: RunningCommand): Promise<void> => {
		const { status, stdout, stderr } = await client.ended;
		expect(status, stderr).toBe(0);
		expect(stdout.match(/^second \d+$/gm)).toEqual(
			Array.from({ length: SECONDS }, (_, index) => `second ${index + 1}`),
		);
		const image = readFileSync(join(directory, 'app.sif'));
		expect(stderr).toContain(`sha256:${sha256(image)}`);
		const inImage = await apptainer(
			'exec',
			join(directory, 'app.sif'),
			'/bin/busybox',
			'sha256sum',
			'/sent.bin',
		);
		expect(inImage.split(' ')[0]).toBe(sha256(sent));
	};

	it('gets its image through the queue', async () => {
		await expectAll(build());
	});

	it('without the relay there is no way', async () => {
		const result = await build('--relay', 'never').ended;
		expect(result.status).toBe(4);
		expect(result.stderr).toMatch(/^error: .*builder/m);
		expect(existsSync(join(directory, 'app.sif'))).toBe(false);
	});

	it(`loses the network for ${CUT_SECONDS} s`, async () => {
		const client = build();
		await client.until(/^second 3$/m);
		other.plug(false);
		await pause(CUT_SECONDS * 1_000);
		other.plug(true);
		await expectAll(client);
		expect(queue.running.said.stderr).not.toMatch(/"reason":"(idle|builder-lost)"/);
	});

	it('loses three packets of a hundred', async () => {
		other.lose(3);
		await expectAll(build());
	});

	it.each([
		['hears the queue, and is not heard', 'output'],
		['is heard, and hears nothing', 'input'],
	] as const)('%s, for half a minute', async (_name, way) => {
		const client = build();
		await client.until(/^second 3$/m);
		other.mute(way);
		await pause(30_000);
		other.mute(undefined);
		await expectAll(client);
	});

	it('is a fifth of a second away', async () => {
		const slow = await delayingProxy({
			port: Number(new URL(queue.url).port),
			host: other.address,
			delayMs: 100,
		});
		try {
			await expectAll(build('--queue', `wss://${other.address}:${slow.port}`));
			expect(slow.bytes).toBeGreaterThan(2 * sent.length);
		} finally {
			await slow.close();
		}
	});

	it('gets another address in mid-build', async () => {
		const client = build();
		await client.until(/^second 3$/m);
		other.move();
		await expectAll(client);
	});
});

function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}
