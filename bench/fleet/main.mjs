// Many builds at once through one queue, each with a daemon of its own and a script for a backend. Asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantileSorted } from 'd3-array';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { WorkerProcess } from '../support/worker-process.mjs';

export async function run(args) {
	const { rounds, isShort, json } = readRounds(args, { rounds: 5, short: 1 });
	const count = isShort ? 20 : 200;
	const directory = mkdtempSync(join(tmpdir(), 'cb-bench-fleet-'));
	const [queue, builders, client] = ['queue', 'builders', 'client'].map(
		(name) => new WorkerProcess(join(import.meta.dirname, `../soak/${name}-worker.mjs`)),
	);
	const sides = { 'ready to handed out': [], 'begin to image': [], 'all of them': [] };
	try {
		const machines = join(directory, 'machines.sock');
		await builders.call('serve', { directory, machines });
		// None is ready before somebody asks: each build waits for a builder of its own.
		const url = await queue.call('start', { directory, machines, pool: { max: count, reserve: 0 } });
		await client.call('open', { url, target: join(directory, 'app.sif') });
		for (let round = -1; round < rounds; round++) {
			const took = await client.call('buildAtOnce', { count });
			const handOuts = await queue.call('handOuts');
			if (handOuts.length !== count)
				throw new Error(`${handOuts.length} builders were handed out, not ${count}`);
			if (round < 0) continue;
			sides['ready to handed out'].push(...handOuts);
			sides['begin to image'].push(...took);
			sides['all of them'].push(Math.max(...took));
		}
		report({
			title: `${count} builds at once`,
			unit: 'ms',
			digits: 1,
			sides,
			reference: 'begin to image',
			targets: [
				{
					text: 'handed out <= 50 ms after it is ready, p99',
					isReached: (rows) => rows['ready to handed out'].p99 <= 50,
				},
			],
			json,
		});
		const sorted = Float64Array.from(sides['ready to handed out']).sort();
		process.stdout.write(`ready to handed out: p99 ${quantileSorted(sorted, 0.99).toFixed(1)} ms\n`);
	} finally {
		for (const worker of [client, queue, builders]) await worker.end();
		rmSync(directory, { recursive: true, force: true });
	}
}
