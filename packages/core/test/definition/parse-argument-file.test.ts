import { parseArgumentFile } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('lines NAME=VALUE, the last of a name counts', () => {
	const { arguments: values, problems } = parseArgumentFile(
		'\uFEFF# comment\r\n\r\nA=1\r\n  B = two words \n  # comment\nC=a=b # no comment\nD=\nE="quoted"\nA=2\n',
	);
	expect(problems).toEqual([]);
	expect(values).toEqual({ A: '2', B: 'two words', C: 'a=b # no comment', D: '', E: '"quoted"' });
});

test('what is no NAME=VALUE is told with its place', () => {
	const { arguments: values, problems } = parseArgumentFile('A\n\n  =x\n a b=c\nX-Y=1\nOK=1\n');
	expect(values).toEqual({ OK: '1' });
	expect(problems).toEqual([
		{ severity: 'error', message: '"A" is not NAME=VALUE', position: { line: 1, column: 1 } },
		{ severity: 'error', message: 'there is no name before the =', position: { line: 3, column: 3 } },
		{
			severity: 'error',
			message: '"a b" cannot be a name: it has letters, digits and _ only',
			position: { line: 4, column: 2 },
		},
		{
			severity: 'error',
			message: '"X-Y" cannot be a name: it has letters, digits and _ only',
			position: { line: 5, column: 1 },
		},
	]);
});

test('names of JavaScript are names like others', () => {
	const { arguments: values } = parseArgumentFile('__proto__=1\nconstructor=2\n');
	expect(Object.entries(values)).toEqual([
		['__proto__', '1'],
		['constructor', '2'],
	]);
});

test('what was written is what is read', () => {
	const name = fc.stringMatching(/^\w{1,8}$/);
	const value = fc.string().map((text) => text.replace(/\n/g, '').trim());
	fc.assert(
		fc.property(fc.array(fc.tuple(name, value)), (lines) => {
			const { arguments: values, problems } = parseArgumentFile(
				lines.map(([key, text]) => `${key}=${text}`).join('\n'),
			);
			expect(problems).toEqual([]);
			expect(new Map(Object.entries(values))).toEqual(new Map(lines));
		}),
	);
});
