import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCommand, runCommand, start } from '../support/command.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { commandLine, Terminal } from '../support/terminal.js';

/** `cb-status` at a real terminal, of a real queue that has made its certificate itself. */
describe('the first use of a queue that nobody has signed for', () => {
	const place = temporaryDirectory();
	let terminal: Terminal;
	let queue: RunningCommand | undefined;
	let token = '';
	beforeEach(async () => {
		place.write(
			'queue.yaml',
			`owner: first-use\nlisten: ['wss://127.0.0.1:0']\ntls: self-signed\nstore: { directory: store }\n` +
				'authentication: { tokens: { file: tokens.json } }\npool: { provider: { kind: local } }\n',
		);
		const config = join(place.path, 'queue.yaml');
		token = (await runCommand('cb-queue', ['token', 'add', 'alice', '--config', config])).stdout.trim();
		terminal = new Terminal({ columns: 120, rows: 30, directory: place.path });
	});
	afterEach(async () => {
		terminal.close();
		queue?.child.kill('SIGINT');
		await queue?.ended;
	});
	const startQueue = async (port = 0): Promise<{ url: string; fingerprint: string }> => {
		const config = join(place.path, 'queue.yaml');
		place.write('queue.yaml', readFileSync(config, 'utf8').replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
		queue = start('cb-queue', ['--config', config]);
		await queue.until(/"msg":"listening"/);
		const { stderr } = queue.said;
		const [, url = ''] = /"endpoints":\["([^"]+)"\]/.exec(stderr) ?? [];
		const [, fingerprint = ''] = /"fingerprint":"([0-9a-f]{64})"/.exec(stderr) ?? [];
		return { url, fingerprint };
	};
	const status = (url: string): string =>
		`XDG_STATE_HOME='${place.path}/state' CONTAINER_BUILDER_TOKEN='${token}' ${commandLine('cb-status', '--queue', url)}; echo ended with $?`;

	it('asks, remembers, and refuses another certificate', async () => {
		const { url, fingerprint } = await startQueue();
		terminal.type(status(url));
		const asked = await terminal.until(/Type yes or no:/);
		expect(asked.replaceAll(/[:\s]/g, '').toLowerCase()).toContain(fingerprint);
		terminal.type('yes');
		expect(await terminal.until(/^ended with \d+$/m)).toContain('ended with 0');
		expect(readFileSync(join(place.path, 'state/container-builder/known-queues'), 'utf8')).toContain(
			fingerprint,
		);

		terminal.type('clear');
		terminal.type(status(url));
		expect(await terminal.until(/Active builders[\s\S]*^ended with \d+$/m)).not.toContain('yes or no');

		const doctor = await runCommand('cb-doctor', ['--queue', url], {
			environment: { XDG_STATE_HOME: join(place.path, 'state'), CONTAINER_BUILDER_TOKEN: token },
		});
		expect(doctor.stdout).toMatch(/^ok +queue: .* is open: /m);

		// Somebody else's certificate at the same address.
		queue?.child.kill('SIGINT');
		await queue?.ended;
		rmSync(join(place.path, 'store'), { recursive: true });
		const other = await startQueue(Number(new URL(url).port));
		expect(other.fingerprint).not.toBe(fingerprint);
		terminal.type('clear');
		terminal.type(status(url));
		const refused = await terminal.until(/^error: [\s\S]*^ended with \d+$/m);
		expect(refused).toMatch(/another certificate/);
		expect(refused).not.toContain('yes or no');
		expect(refused).toContain('ended with 3');
	});
});
