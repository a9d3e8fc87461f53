import { expect, test } from 'vitest';
import { commandOfLine } from '../../src/build/command-of-line.js';

test.each([
	['+ apt-get install -y nothing', 'apt-get install -y nothing'],
	['\u001B[1m+ make\u001B[0m', 'make'],
	['++ uname -m', undefined],
	['1 + 1', undefined],
	['+', undefined],
	['error building at STEP "RUN false": error while running runtime: exit status 1', 'RUN false'],
	[
		'Error: building at STEP "RUN echo \\"a\\" && false": while running runtime: exit status 1',
		'RUN echo "a" && false',
	],
	['Error: building at STEP "RUN \\x41": exit status 1', 'RUN \\x41'],
	[`+ ${'x'.repeat(1000)}`, `${'x'.repeat(499)}…`],
	['', undefined],
])('%j: %j', (line, command) => {
	expect(commandOfLine(line)).toBe(command);
});
