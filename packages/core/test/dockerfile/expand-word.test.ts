// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a Dockerfile's variables.
import { expect, test } from 'vitest';
import { expandWord } from '../../src/dockerfile/expand-word.js';

const values = new Map<string, string | null>([
	['X', 'x'],
	['EMPTY', ''],
	['LATER', null],
]);
const look = (name: string) => values.get(name);

test.each([
	['plain', 'plain'],
	['$X', 'x'],
	['a$X-b', 'ax-b'],
	['a${X}b', 'axb'],
	['$', '$'],
	['a$/b', 'a$/b'],
	['\\$X', '$X'],
	["'$X'", '$X'],
	['"a $X"', 'a x'],
	['"\\"\\$\\n"', '"$\\n'],
	['${X:-d}', 'x'],
	['${N:-d}', 'd'],
	['${EMPTY:-d}', 'd'],
	['${N:-$X}', 'x'],
	['${N:-a${M:-b}c}', 'abc'],
	['${N:-"a b"}', 'a b'],
	['${X:+d}', 'd'],
	['${EMPTY:+d}', ''],
	['${N:+d}', ''],
	['${X:?must}', 'x'],
	['${X:-$N}', 'x'],
	['${X:-$LATER}', 'x'],
	['registry.example:5000/$X:${X:-1}', 'registry.example:5000/x:x'],
	['', ''],
])('%s becomes %j', (word, text) => {
	expect(expandWord(word, look)).toEqual({ text, unset: [] });
});

test.each([
	['$N', '', ['N']],
	['a:${N}$M', 'a:', ['N', 'M']],
	['${M:-$N}', '', ['N']],
	['$1', '', ['1']],
])('%s has variables without a value', (word, text, unset) => {
	expect(expandWord(word, look)).toEqual({ text, unset });
});

test.each([
	'$LATER',
	'a${LATER}',
	'${LATER:-x}',
	'${LATER:+x}',
	'${N:-$LATER}',
	'${X#a}',
	'${X%%a*}',
	'${X/a/b}',
])('%s is not known before the build', (word) => {
	expect(expandWord(word, look)).toEqual({ text: undefined, unset: [] });
});

test.each([
	['${X', '${X has a variable without an end'],
	['${}', '${} has a variable without an end'],
	['${X:-a', 'a } is missing in ${X:-a'],
	['"a', 'a double quote is missing in "a'],
	["'a", "a single quote is missing in 'a"],
	['${X-a}', '${X-a} has something that is neither ${X:-…}, ${X:+…} nor ${X:?…}'],
	['${X:=a}', '${X:=a} has something that is neither ${X:-…}, ${X:+…} nor ${X:?…}'],
	['${N:?}', 'N must be set'],
])('%s cannot be read', (word, problem) => {
	expect(expandWord(word, look)).toMatchObject({ text: undefined, problem });
});
