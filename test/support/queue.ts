import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningCommand, root, runCommand, start, startProcess } from './command.js';

const WITH_STEPS = join(root, 'test/support/queue-with-steps.mjs');

/** A `cb-queue` in a process of its own, on a unix socket in a directory of the test's. */
export interface TestQueue {
	readonly url: string;
	/** Where its socket and its configuration are. */
	readonly directory: string;
	readonly process: RunningCommand;
	/** What `cb-status --json` says. */
	status(): Promise<Status>;
	/** Polls the status until `settled` says so; the test's own time limit ends it. */
	untilStatus(settled: (status: Status) => boolean): Promise<Status>;
	/** Tells it to end at once, and gives its exit status. */
	close(): Promise<number | null>;
}

/** Another process than the installed command. */
export interface QueueProcessOptions {
	/** The step at which it is killed: see `QUEUE_STEPS`. */
	readonly killAt?: string | undefined;
}

/** The part of a queue's status that tests look at. */
export interface Status {
	readonly builders: readonly { readonly id: string; readonly state: string; readonly buildId?: string }[];
	readonly waiting: readonly { readonly buildId: string; readonly place: number }[];
}

/** Starts a queue; `pool` is the YAML of its pool, a line each; `further`: lines of the configuration beside it. */
export async function startQueue(
	directory: string,
	owner: string,
	pool: readonly string[],
	further: readonly string[] = [],
	options?: QueueProcessOptions,
): Promise<TestQueue> {
	const url = `ws+unix://${directory}/queue.sock`;
	const configuration = join(directory, 'queue.yaml');
	const lines = [
		`owner: ${owner}`,
		`listen: ['${url}']`,
		'store: { directory: store }',
		'leases: { idle: 5s }',
		'pool:',
		...pool.map((line) => `  ${line}`),
		...further,
	];
	writeFileSync(configuration, `${lines.join('\n')}\n`);
	const process =
		options === undefined
			? start('cb-queue', ['--config', configuration])
			: startProcess(globalThis.process.execPath, [WITH_STEPS, '--config', configuration], {
					environment: { KILL_AT: options.killAt ?? '' },
				});
	const status = async (): Promise<Status> => {
		const result = await runCommand('cb-status', ['--queue', url, '--json']);
		if (result.status !== 0) throw new Error(`cb-status ended with ${result.status}: ${result.stderr}`);
		return JSON.parse(result.stdout) as Status;
	};
	const untilStatus = async (settled: (status: Status) => boolean): Promise<Status> => {
		for (;;) {
			const now = await status();
			if (settled(now)) return now;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	};
	const listening = process.until(/"msg":"[^"]*(listening|serves|takes)/i);
	// One that is to be killed may be so before.
	await (options?.killAt === undefined ? listening : listening.catch(() => {}));
	return {
		url,
		directory,
		process,
		status,
		untilStatus,
		close: async () => {
			process.child.kill('SIGINT');
			return (await process.ended).status;
		},
	};
}

/** How many builders are in a state. */
export function inState(status: Status, state: string): number {
	return status.builders.filter((builder) => builder.state === state).length;
}
