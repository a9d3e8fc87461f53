import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LastLines } from '../../src/build/last-lines.js';

test.each([
	['', []],
	['\n', ['']],
	['one', ['one']],
	['one\ntwo\n', ['one', 'two']],
	['one\r\ntwo\r\n', ['one', 'two']],
	['10%\r50%\r100%\ndone', ['100%', 'done']],
])('%j', (text, lines) => {
	const found = new LastLines();
	found.push(Buffer.from(text));
	expect(found.lines()).toEqual(lines);
});

test('the last twenty, however they arrive', () => {
	fc.assert(
		fc.property(
			fc.array(fc.stringMatching(/^[a-zäöü€ ]{0,30}$/)),
			fc.integer({ min: 1, max: 9 }),
			(lines, piece) => {
				const found = new LastLines();
				const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
				for (let at = 0; at < bytes.length; at += piece) found.push(bytes.subarray(at, at + piece));
				expect(found.lines()).toEqual(lines.slice(-20));
			},
		),
	);
});

test('a flood is no burden', () => {
	const found = new LastLines();
	for (let number = 0; number < 200_000; number++) found.push(Buffer.from(`line ${number}\n`));
	expect(found.lines().at(-1)).toBe('line 199999');
	expect(found.lines()).toHaveLength(20);
});
