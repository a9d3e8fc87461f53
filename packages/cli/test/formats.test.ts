import { ContainerBuilderError } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '../src/options/parse-duration.js';
import { parseSize } from '../src/options/parse-size.js';
import { describeError, describeLastOutput } from '../src/output/describe-error.js';
import { endpointHost } from '../src/output/endpoint-host.js';
import { formatDuration } from '../src/output/format-duration.js';
import { formatSize } from '../src/output/format-size.js';
import { CONTROL_CHARACTERS } from './support/recorder.js';

test.each([
	['250ms', 250],
	['90', 90_000],
	['90s', 90_000],
	['30m', 1_800_000],
	['2h', 7_200_000],
	['1d', 86_400_000],
	['1.5h', 5_400_000],
	['0', undefined],
	['', undefined],
	['1w', undefined],
	['-5s', undefined],
])('the duration %j is %s ms', (text, milliseconds) => {
	expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
	['1024', 1024],
	['200MiB', 209_715_200],
	['200 MB', 209_715_200],
	['8G', 8 * 2 ** 30],
	['1.5k', 1536],
	['12B', 12],
	['0', undefined],
	['G', undefined],
	['8X', undefined],
])('the size %j is %s bytes', (text, bytes) => {
	expect(parseSize(text)).toBe(bytes);
});

test.each([
	[0, '0 bytes'],
	[1, '1 byte'],
	[1023, '1023 bytes'],
	[1024, '1.0 KiB'],
	[1_191_936, '1.1 MiB'],
	[2 ** 20 - 1, '1.0 MiB'],
	[2 ** 31, '2.0 GiB'],
])('%s bytes are %s', (bytes, text) => {
	expect(formatSize(bytes)).toBe(text);
});

test.each([
	[0, '0.0 s'],
	[1_340, '1.3 s'],
	[59_949, '59.9 s'],
	[59_951, '1 min 0 s'],
	[125_000, '2 min 5 s'],
	[11_400_000, '3 h 10 min'],
])('%s ms are %s', (milliseconds, text) => {
	expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
	['wss://128.219.187.95:8080', '128.219.187.95', '8080'],
	['wss://queue.example', 'queue.example', '443'],
	['wss://[fd00::1]:8080', 'fd00::1', '8080'],
	['ws+unix:///run/a%20b/builder.sock', '/run/a b/builder.sock', '-'],
	[undefined, '-', '-'],
])('%s is host %s, port %s', (url, host, port) => {
	expect(endpointHost(url)).toEqual({ host, port });
});

describe('errors', () => {
	test('are one line each, without control characters', () => {
		const error = new ContainerBuilderError('internal', '\u001B[31mtwo\n  lines\u001B[0m', {
			hint: 'do\nthis',
			cause: new Error('why'),
		});
		expect(describeError(error, { debug: false })).toEqual([
			'error: two',
			'       lines',
			'hint: do',
			'      this',
		]);
		expect(describeError(error, { debug: true }).join('\n')).toContain('caused by Error: why');
	});

	test('the last lines of the output are plain, and at most ten', () => {
		const lines = [
			...Array.from({ length: 12 }, (_, index) => `${index}`),
			' 50%\r\u001B[1m100%\u001B[0m\r',
			'',
		];
		const shown = describeLastOutput(lines);
		expect(shown).toHaveLength(11);
		expect(shown[0]).toBe('Last lines of the output:');
		expect(shown.at(-1)).toBe('  | 100%');
		expect(shown.join('')).not.toMatch(CONTROL_CHARACTERS);
		expect(describeLastOutput(['', ''])).toEqual([]);
	});
});
