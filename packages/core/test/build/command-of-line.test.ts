import { expect, test } from 'vitest';
import { commandOfLine } from '../../src/build/command-of-line.js';

test.each([
	['+ apt-get install -y nothing', 'apt-get install -y nothing'],
	['\u001B[1m+ make\u001B[0m', 'make'],
	['++ uname -m', undefined],
	['1 + 1', undefined],
	['+', undefined],
	['error building at STEP "RUN false": error while running runtime: exit status 1', 'RUN false'],
	// As buildah prints it.
	['Error: building at STEP "RUN /nothing a"b": exit status 1', 'RUN /nothing a"b'],
	[`+ ${'x'.repeat(1000)}`, `${'x'.repeat(499)}…`],
	['', undefined],
])('%j: %j', (line, command) => {
	expect(commandOfLine(line)).toBe(command);
});
