import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	type Build,
	ContainerBuilder,
	ContainerBuilderError,
	QUEUE_STEPS,
	type QueueStep,
	RemoteQueue,
} from '@olcf/container-builder-core';
import { local } from '@olcf/container-builder-provider-local';
import { ws } from '@olcf/container-builder-transport-ws';
import { afterAll, describe, expect, it } from 'vitest';
import { apptainer } from '../support/in-image.js';
import { expectNothingLeft, leftovers } from '../support/leftovers.js';
import { startQueue, type TestQueue } from '../support/queue.js';
import { scratchRecipe } from '../support/recipes.js';

const OWNER = 'crash-matrix';
const POOL = ['max: 3', 'reserve: 1', 'provider: { kind: local }'];
const SETTINGS = ['reconcile: 2s', 'log: { level: debug }'];
/** Reached only by a process that goes on with what another has left. */
const OF_THE_NEXT: readonly QueueStep[] = ['builder-adopted', 'lease-adopted'];

const reached = new Set<string>();

/** A site with a queue that can be started again, and a client that knows nothing of that. */
class Site {
	readonly directory = mkdtempSync(join(tmpdir(), 'crash-'));
	readonly client: ContainerBuilder;
	readonly #remote: RemoteQueue;
	readonly #queues: TestQueue[] = [];

	constructor() {
		mkdirSync(join(this.directory, 'queue'), { mode: 0o700 });
		const endpoint = `ws+unix://${join(this.directory, 'queue/queue.sock')}`;
		const transports = [ws()];
		this.#remote = new RemoteQueue({ endpoint, transports, connectTimeoutMs: 30_000 });
		this.client = new ContainerBuilder({ queue: this.#remote, transports });
	}

	get remote(): RemoteQueue {
		return this.#remote;
	}

	get queue(): TestQueue {
		const queue = this.#queues.at(-1);
		if (queue === undefined) throw new Error('there is no queue yet');
		return queue;
	}

	async start(killAt?: QueueStep): Promise<TestQueue> {
		const directory = join(this.directory, 'queue');
		const queue = await startQueue(directory, OWNER, POOL, SETTINGS, { killAt });
		this.#queues.push(queue);
		return queue;
	}

	build(name: string, seconds: number): Build {
		return this.client.build({
			definition: { text: scratchRecipe(`%post\n    echo building; sleep ${seconds}\n`) },
			image: join(this.directory, `${name}.sif`),
		});
	}

	/** What steps all queues so far have told. */
	steps(): readonly string[] {
		return this.#queues.flatMap(({ process }) =>
			[...process.said.stdout.toString().matchAll(/^step (.*)$/gm)].map(([, step]) => step ?? ''),
		);
	}

	async end(): Promise<void> {
		await this.client.close();
		await this.#remote.close();
		await this.queue.close();
		rmSync(this.directory, { recursive: true, force: true });
	}
}

/** Builds, once to the image, once detached and fetched later, once canceled; and one that somebody else watches too. */
async function useIt(site: Site): Promise<void> {
	const { remote } = site;
	const first = site.build('first', 4);
	await untilBuilding(first);
	const second = site.client.attach(first.id);
	const [built] = await Promise.all([first, second]);
	expect(built.image.path).toBe(join(site.directory, 'first.sif'));

	const detached = site.build('detached', 1);
	detached.catch(() => {});
	await untilBuilding(detached);
	await detached.detach({ keepMs: 120_000 });
	const image = join(site.directory, 'fetched.sif');
	await site.client.attach(detached.id, { image });

	const canceled = site.build('canceled', 60);
	canceled.catch(() => {});
	await untilBuilding(canceled);
	await remote.cancel(canceled.id, { reason: 'the test has had enough' });
	const error = ContainerBuilderError.from(await canceled.catch((caught: unknown) => caught));
	expect(error.kind, error.message).toMatch(/canceled|infrastructure/);

	for (const name of ['first', 'fetched']) {
		const said = await apptainer('exec', join(site.directory, `${name}.sif`), 'echo', 'runs');
		expect(said.trim()).toBe('runs');
	}
}

/** Its backend runs. Rejects where it ends before. */
async function untilBuilding(build: Build): Promise<void> {
	await Promise.race([
		new Promise<void>((resolve) => build.on('backend-start', () => resolve())),
		build.then(() => {}),
	]);
}

describe('cb-queue is killed by SIGKILL', () => {
	const before = leftovers();
	afterAll(() => expectNothingLeft(before));

	for (const step of QUEUE_STEPS) {
		it(`after ${step}: no build is lost, no machine is left, the reserve is there again`, async () => {
			const site = new Site();
			try {
				const ofNext = OF_THE_NEXT.includes(step);
				const killed = await site.start(ofNext ? undefined : step);
				const using = useIt(site);
				using.catch(() => {});
				let doomed = killed;
				if (ofNext) {
					await killed.process.until(/step lease-granted/);
					killed.process.child.kill('SIGKILL');
					await killed.process.ended;
					doomed = await site.start(step);
				}
				const ended = await Promise.race([doomed.process.ended, using.then(() => undefined)]);
				expect(ended?.signal, `${step} was not reached`).toBe('SIGKILL');
				await site.start();
				await using;

				await site.queue.untilStatus(
					({ builders, waiting }) =>
						waiting.length === 0 && builders.length === 1 && builders[0]?.state === 'ready',
				);
				const machines = await local().list({ owner: OWNER });
				const { builders } = await site.queue.status();
				expect(machines.map(({ builderId }) => builderId)).toEqual(builders.map(({ id }) => id));
			} finally {
				for (const each of site.steps()) reached.add(each);
				await site.end();
			}
			expect(await local().list({ owner: OWNER })).toEqual([]);
		});
	}

	it('at every point that there is', () => {
		expect([...reached].sort()).toEqual([...QUEUE_STEPS].sort());
	});
});
