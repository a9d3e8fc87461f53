import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, startProcess } from '../support/command.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What systemd itself says of them; there is none here that could run them. */
describe('the units for systemd', () => {
	const place = temporaryDirectory();
	const install = (name: string): string => {
		const text = readFileSync(join(root, 'packages/cli/systemd', name), 'utf8');
		const command = `${process.execPath} ${join(root, 'packages/cli/dist/bin/cb-queue.js')} --config`;
		expect(text).toContain('\nExecStart=cb-queue --config ');
		return place.write(name, text.replace('ExecStart=cb-queue --config', `ExecStart=${command}`));
	};
	const analyze = (...words: string[]) => startProcess('systemd-analyze', words).ended;

	it.each(['cb-queue@.service', 'cb-queue-local@.service'])(
		'say nothing that systemd does not know: %s',
		async (name) => {
			const { stderr } = await analyze('verify', '--man=no', install(name));
			expect(stderr.split('\n').filter((line) => line.includes('cb-queue'))).toEqual([]);
		},
	);

	it('leave a queue no more than it needs', async () => {
		// In tenths, of 100.
		const words = ['security', '--offline=true', '--no-pager', '--threshold=15'];
		const { status, stdout, stderr } = await analyze(...words, install('cb-queue@.service'));
		expect(status, stdout + stderr).toBe(0);
		expect(stdout).toContain('Overall exposure level');
	});
});
