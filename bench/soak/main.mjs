// Many builds in a row against one queue: what the memory of queue, daemons and client does meanwhile. Asserts nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/support/say.mjs';
import { table } from '../support/table.mjs';
import { WorkerProcess } from '../support/worker-process.mjs';
import { slope } from './slope.mjs';

/** Builds that the queue remembers: only behind them its memory can be flat. */
const REMEMBERED = 1_000;
/** Bytes a build. */
const FLAT = 1_024;
/** Builds before memory is looked at: what is made once is made by then. */
const WARM_UP = 100;

export async function run(args) {
	const { builds, every, json } = readOptions(args);
	const directory = mkdtempSync(join(tmpdir(), 'cb-bench-soak-'));
	const names = ['queue', 'builders', 'client'];
	const [queue, builders, client] = names.map(
		(name) => new WorkerProcess(join(import.meta.dirname, `${name}-worker.mjs`)),
	);
	const samples = [];
	const sample = async (count) => {
		const memory = await Promise.all([queue, builders, client].map((worker) => worker.call('memory')));
		samples.push({ count, memory: Object.fromEntries(names.map((name, index) => [name, memory[index]])) });
	};
	try {
		const machines = join(directory, 'machines.sock');
		await builders.call('serve', { directory, machines });
		const url = await queue.call('start', { directory, machines, pool: { max: 4, reserve: 2 } });
		await client.call('open', { url, target: join(directory, 'app.sif') });
		await client.call('build', { count: WARM_UP });
		const began = performance.now();
		await sample(0);
		for (let count = every; count <= builds; count += every) {
			await client.call('build', { count: every });
			await queue.call('handOuts');
			await sample(count);
		}
		const seconds = (performance.now() - began) / 1_000;
		const half = samples.slice(Math.floor(samples.length / 2));
		const rows = names.map((name) => {
			const heap = (some) => some.map(({ count, memory }) => [count, memory[name].heap]);
			return {
				name,
				first: samples[0].memory[name],
				last: samples.at(-1).memory[name],
				slope: slope(heap(samples)),
				slopeOfSecondHalf: slope(heap(half)),
			};
		});
		const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
		const perBuild = (bytes) => `${bytes.toFixed(0)} B`;
		const text = table([
			[
				`${builds} builds`,
				'heap first',
				'last',
				'a build',
				'2nd half',
				'resident first',
				'last',
				'handles first',
				'last',
			],
			...rows.map(({ name, first, last, slope: all, slopeOfSecondHalf }) => [
				name,
				...[mib(first.heap), mib(last.heap), perBuild(all), perBuild(slopeOfSecondHalf)],
				...[mib(first.resident), mib(last.resident), `${first.handles}`, `${last.handles}`],
			]),
		]);
		process.stdout.write(`${text}\n${(builds / seconds).toFixed(1)} builds/s, one after the other\n`);
		if (builds >= 2 * REMEMBERED) {
			const isFlat = rows.every((row) => row.slopeOfSecondHalf <= FLAT);
			process.stdout.write(`<= ${FLAT} B a build in the second half: ${isFlat ? 'kept' : 'missed'}\n`);
		}
		if (json !== undefined) {
			writeFileSync(json, `${JSON.stringify({ builds, seconds, rows, samples }, undefined, '\t')}\n`);
		}
	} finally {
		for (const worker of [client, queue, builders]) await worker.end();
		rmSync(directory, { recursive: true, force: true });
	}
}

function readOptions(args) {
	let values;
	try {
		({ values } = parseArgs({
			args,
			options: { builds: { type: 'string' }, short: { type: 'boolean' }, json: { type: 'string' } },
		}));
	} catch (error) {
		throw new UsageError(error.message);
	}
	const builds = Number(values.builds ?? (values.short ? 100 : 2_000));
	if (!Number.isInteger(builds) || builds < 20)
		throw new UsageError('--builds is a whole number, 20 or more');
	const json = values.json === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', values.json);
	return { builds, every: Math.ceil(builds / 20), json };
}
