import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningCommand, runCommand, start } from './command.js';
import type { TemporaryDirectory } from './temporary-directory.js';

/** A real `cb-queue` that wants tokens, with real builders and a certificate that it has made itself. */
export interface GuardedQueue {
	readonly running: RunningCommand;
	/** Its configuration. */
	readonly config: string;
	readonly url: string;
	/** Of its certificate. */
	readonly fingerprint: string;
	/** Lets somebody in. Resolves with the token. */
	token(...words: string[]): Promise<string>;
	/** What names the queue to a command, and who has the token; without one: nobody. */
	environment(token?: string): Record<string, string>;
	/** Its audit lines so far. */
	audited(): Record<string, unknown>[];
	/** SIGINT; expects a good end. */
	close(): Promise<void>;
}

/** Options of {@link guardedQueue}. */
export interface GuardedQueueOptions {
	/** Also the name of its files in `place`. */
	readonly owner: string;
	/** @default '127.0.0.1:0' */
	readonly listen?: string;
	/** Further lines of its configuration. */
	readonly lines?: string;
	/** @default '{ max: 2, reserve: 1, provider: { kind: local } }' */
	readonly pool?: string;
	/** More ways to prove who one is. @default none */
	readonly authentication?: string;
	/** @default self-signed */
	readonly tls?: string;
	readonly environment?: Readonly<Record<string, string>>;
}

/** Starts it, and resolves when it listens. */
export async function guardedQueue(
	place: TemporaryDirectory,
	options: GuardedQueueOptions,
): Promise<GuardedQueue> {
	const { owner, listen = '127.0.0.1:0', lines = '', authentication = '', tls = 'self-signed' } = options;
	const { pool = '{ max: 2, reserve: 1, provider: { kind: local } }', environment = {} } = options;
	place.write(
		`${owner}.yaml`,
		[
			`owner: ${owner}`,
			`listen: ['wss://${listen}']`,
			`tls: ${tls}`,
			`store: { directory: ${owner}-store }`,
			`authentication: { tokens: { file: ${owner}-tokens.json }${authentication} }`,
			`pool: ${pool}`,
			lines,
		].join('\n'),
	);
	const config = join(place.path, `${owner}.yaml`);
	const running = start('cb-queue', ['--config', config], { environment });
	await running.until(/"msg":"listening"/);
	const find = (pattern: RegExp): string => pattern.exec(running.said.stderr)?.[1] ?? '';
	const url = find(/"endpoints":\["([^"]+)"/);
	const fingerprint = find(/"fingerprint":"([0-9a-f]{64})"/);
	return {
		running,
		config,
		url,
		fingerprint,
		token: async (...words) => {
			const { status, stdout, stderr } = await runCommand('cb-queue', [
				'token',
				...words,
				'--config',
				config,
			]);
			expect(status, stderr).toBe(0);
			return stdout.trim();
		},
		environment: (token) => ({
			CONTAINER_BUILDER_QUEUE: url,
			CONTAINER_BUILDER_QUEUE_FINGERPRINT: fingerprint,
			...(token === undefined ? {} : { CONTAINER_BUILDER_TOKEN: token }),
		}),
		audited: () =>
			running.said.stderr
				.split('\n')
				.filter((line) => line.includes('"audit"'))
				.map((line) => JSON.parse(line) as Record<string, unknown>),
		close: async () => {
			running.child.kill('SIGINT');
			const { status, stderr } = await running.ended;
			expect(status, stderr.slice(-2000)).toBe(0);
		},
	};
}
