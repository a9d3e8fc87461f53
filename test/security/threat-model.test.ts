import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/command.js';

/** `queue/tokens.test.ts` is of a package, `security/…` of the whole. */
function pathOf(named: string): string {
	const [place = '', ...rest] = named.split('/');
	const inPackage = join(root, 'packages', place, 'test', ...rest);
	return existsSync(join(root, 'packages', place)) ? inPackage : join(root, 'test', named);
}

it('each boundary of SECURITY.md names tests that are there', () => {
	const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
	const table = text.slice(text.indexOf('| boundary |')).split('\n\n')[0] ?? '';
	const rows = table.split('\n').slice(2);
	expect(rows.length).toBeGreaterThan(10);
	for (const row of rows) {
		const tests = [...row.matchAll(/`([a-z-]+\/[\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path);
		expect(tests.length, row).toBeGreaterThan(0);
		for (const path of tests) expect(existsSync(pathOf(path)), path).toBe(true);
	}
});
