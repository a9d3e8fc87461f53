import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { commandLine, Terminal } from '../support/terminal.js';

/** `cb-status` at a real terminal, of a real queue that has made its certificate itself. */
describe('the first use of a queue that nobody has signed for', () => {
	const place = temporaryDirectory();
	let terminal: Terminal;
	let queue: GuardedQueue;
	beforeEach(() => {
		terminal = new Terminal({ columns: 120, rows: 30, directory: place.path });
	});
	afterEach(async () => {
		terminal.close();
		await queue.close();
	});
	const startQueue = (port = 0): Promise<GuardedQueue> =>
		guardedQueue(place, { owner: 'first-use', listen: `127.0.0.1:${port}` });
	const status = (url: string, token: string): string =>
		`XDG_STATE_HOME='${place.path}/state' CONTAINER_BUILDER_TOKEN='${token}' ${commandLine('cb-status', '--queue', url)}; echo ended with $?`;

	it('asks, remembers, and refuses another certificate', async () => {
		queue = await startQueue();
		const { url, fingerprint } = queue;
		const token = await queue.token('add', 'alice');
		terminal.type(status(url, token));
		const asked = await terminal.until(/Type yes or no:/);
		expect(asked.replaceAll(/[:\s]/g, '').toLowerCase()).toContain(fingerprint);
		terminal.type('yes');
		expect(await terminal.until(/^ended with \d+$/m)).toContain('ended with 0');
		expect(readFileSync(join(place.path, 'state/container-builder/known-queues'), 'utf8')).toContain(
			fingerprint,
		);

		terminal.type('clear');
		terminal.type(status(url, token));
		expect(await terminal.until(/Active builders[\s\S]*^ended with \d+$/m)).not.toContain('yes or no');

		const doctor = await runCommand('cb-doctor', ['--queue', url], {
			environment: { XDG_STATE_HOME: join(place.path, 'state'), CONTAINER_BUILDER_TOKEN: token },
		});
		expect(doctor.stdout).toMatch(/^ok +queue: .* is open: /m);

		// Somebody else's certificate at the same address.
		await queue.close();
		rmSync(join(place.path, 'first-use-store'), { recursive: true });
		queue = await startQueue(Number(new URL(url).port));
		expect(queue.fingerprint).not.toBe(fingerprint);
		terminal.type('clear');
		terminal.type(status(url, token));
		const refused = await terminal.until(/^error: [\s\S]*^ended with \d+$/m);
		expect(refused).toMatch(/another certificate/);
		expect(refused).not.toContain('yes or no');
		expect(refused).toContain('ended with 3');
	});
});
