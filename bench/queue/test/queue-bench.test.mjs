import { describe, expect, it } from 'vitest';
import { readOptions } from '../options.mjs';
import { comparison, runTable } from '../report.mjs';
import { spread } from '../spread.mjs';
import { targets } from '../targets.mjs';

describe('the options', () => {
	it('have defaults, a short form, and paths from where the caller is', () => {
		expect(readOptions([], '/here')).toMatchObject({
			waiting: [100, 1_000, 10_000],
			stores: ['lmdb', 'memory'],
		});
		const short = readOptions(['--short', '--builders', '7', '--json', 'out.json'], '/here');
		expect(short).toMatchObject({
			waiting: [50, 200],
			stores: ['lmdb'],
			builders: 7,
			json: '/here/out.json',
		});
	});

	it('say what is wrong with them', () => {
		expect(() => readOptions(['--store', 'redis'], '/')).toThrow('--store must be one of lmdb, memory');
		expect(() => readOptions(['--waiting', '10,0'], '/')).toThrow(
			'--waiting must be a whole number from 1 on',
		);
		expect(() => readOptions(['--wait'], '/')).toThrow('--help tells the options');
	});
});

it('tells median, 99th percentile and maximum, whatever the order', () => {
	const values = Array.from({ length: 101 }, (_, index) => 100 - index);
	expect(spread(values)).toEqual({ count: 101, p50: 50, p99: 99, max: 100 });
	expect(spread([])).toEqual({ count: 0, p50: null, p99: null, max: null });
});

describe('the report', () => {
	const loop = { p50: 0.1, p99: 2, max: 30 };
	const phase = { wallMs: 2_000, cpuMs: 500, loop, places: 40, load: 0.5, clients: [{ cpuMs: 100, loop }] };
	const memory = { rss: 26_540, heapUsed: 15_000, external: 0 };
	const result = {
		...{ store: 'lmdb', waiting: 10_000, builders: 1_000 },
		ready: { ...phase, count: 1_000, queueMemory: memory },
		atOnce: { ...phase, count: 1_000 },
		line: {
			...{ ...phase, count: 10_000, admittedMs: 5_000, toldMs: { p50: 900, p99: 1_900, max: 2_000 } },
			...{ queueMemory: memory, clientMemory: memory },
		},
		status: { p50: 80, p99: 95, max: 95 },
		quiet: phase,
		steady: {
			...phase,
			count: 100,
			sentMs: { p50: 3, p99: 20, max: 30 },
			handOutMs: { p50: 4, p99: 25, max: 31 },
		},
		churn: { ...phase, count: 600, handOutMs: { p50: 400, p99: 900, max: 1_000 } },
	};

	it('has a line for each figure of a run', () => {
		const table = runTable(result);
		expect(table).toMatch(/^lmdb, 1,000 builders, 10,000 waiting +median +p99 +max$/m);
		expect(table).toMatch(/^clients connected and in line +2,000\/s$/m);
		expect(table).toMatch(/^checkouts, given back at once +300\/s +400 ms +900 ms +1,000 ms$/m);
		expect(table).toMatch(/^handed out once ready +50\/s +4\.00 ms +25\.0 ms +31\.0 ms$/m);
	});

	it('compares runs by what a checkout costs', () => {
		const [, row] = comparison([result]).split('\n');
		expect(row).toMatch(/^lmdb +10,000 +0\.83 ms +300\/s +4\.00 ms +25\.0 ms +31\.0 ms +2\.00 ms +26\.5 kB$/);
	});

	it('tells which targets are kept', () => {
		const slow = { ...result, steady: { ...result.steady, handOutMs: { p50: 4, p99: 51, max: 60 } } };
		expect(targets([result]).map(({ kept }) => kept)).toEqual([true, true]);
		expect(targets([result, slow]).map(({ kept }) => kept)).toEqual([false, true]);
		expect(targets([{ ...result, waiting: 50 }]).map(({ kept }) => kept)).toEqual([true, undefined]);
	});
});
