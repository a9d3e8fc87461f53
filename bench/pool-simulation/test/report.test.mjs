import { describe, expect, it } from 'vitest';
import { chart } from '../chart.mjs';
import { goalLine, remarks, reportTable } from '../report.mjs';
import { simulatePool } from '../simulate-pool.mjs';
import { checkouts, scenario } from './scenarios.mjs';

const minutes = Array.from({ length: 200 }, (_, index) => index * 45);
const results = [0, 1, 2].map((reserve) => ({
	reserve,
	...simulatePool(scenario({ reserve }), checkouts(minutes, 30)),
}));

describe('the report of a sweep', () => {
	it('has a line for each reserve, with a bar as long as the wait', () => {
		const [head, first, second] = reportTable(results).split('\n');
		expect(head).toMatch(/^reserve +p50 +p95 +p99 +max +at once +hours\/day +idle\/day +used +peak +p95$/);
		expect(first).toMatch(/^ +0 +30\.0 s +30\.0 s +30\.0 s +30\.0 s +0\.0 % .* █{24}$/);
		expect(second).toMatch(/^ +1 +0 ms +0 ms +0 ms +0 ms +100\.0 % .*\d$/);
	});

	it('names the smallest reserve that meets the goal, and its cost', () => {
		const idle = results[1].builderHours.idle / (results[1].durationMs / 86_400_000);
		expect(goalLine(results, 5_000)).toMatch(
			new RegExp(
				`^p95 < 5\\.0 s: reserve 1, which idles ${idle.toFixed(1)} builder-hours a day; in all \\d+ % more`,
			),
		);
		expect(goalLine(results, 60_000)).toMatch(
			/^p95 < 60\.0 s: reserve 0, which idles 0\.0 builder-hours a day$/,
		);
		expect(goalLine([results[0]], 5_000)).toBe('p95 < 5.0 s: none of these reserves is enough');
	});

	it('says what went wrong, if anything did', () => {
		expect(remarks(results)).toEqual([]);
		const failing = simulatePool(
			scenario({ launchRetries: 0 }, { launchFailures: 1, quota: 1 }),
			checkouts([0, 0]),
		);
		// Refused after 5 s each, with pauses of 1, 2, 4, 8, 16 and 32 s, until the other one fails at 125 s.
		expect(remarks([{ reserve: 0, ...failing }])).toEqual([
			'machines that failed: 1',
			'creates refused for quota: 7',
			'checkouts failed: 2',
		]);
		const [first, second] = [1, 2].map((cutShort) => ({ ...results[0], reserve: cutShort, cutShort }));
		expect(remarks([first, second])).toEqual([
			'builds cut short by deadline or lifetime, by reserve: 1: 1, 2: 2',
		]);
	});
});

describe('the chart', () => {
	it('of a sweep has a point for each reserve in each of its panels, and the goal', () => {
		const svg = chart(results, { goalMs: 5_000, title: 'a < b & c' });
		expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
		expect(svg.match(/<circle/g)).toHaveLength(6);
		expect(svg.match(/<polyline points="64,[\d.]+ 340,[\d.]+ 616,[\d.]+"/g)).toHaveLength(2);
		expect(svg.match(/>goal</g)).toHaveLength(1);
		expect(svg).toContain('<title>a &lt; b &amp; c</title>');
		expect(svg).not.toMatch(/NaN|undefined/);
	});

	it('of a single run has its percentiles', () => {
		const svg = chart([results[0]], { goalMs: undefined, title: 'one' });
		expect(svg.match(/points="([^"]+)"/)[1].split(' ')).toHaveLength(101);
		expect(svg).not.toMatch(/NaN|undefined|goal/);
	});
});
