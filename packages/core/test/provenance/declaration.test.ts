import fc from 'fast-check';
import { expect, it } from 'vitest';
import { declarationDigest, declarationOf } from '../../src/provenance/declaration.js';
import type { BuildRequest } from '../../src/spec/index.js';

const request: BuildRequest = {
	buildId: 'build-0001',
	definition: 'Bootstrap: scratch\n',
	kind: 'apptainer',
	format: 'sif',
	architecture: 'amd64',
	arguments: { A: '1', B: '2' },
	labels: {},
};
const digest = (changes: Partial<BuildRequest> = {}, ids: readonly string[] = ['a', 'b']): string => {
	const changed = { ...request, ...changes };
	return declarationDigest(declarationOf(changed, ids), changed.architecture);
};

it.each<[string, Partial<BuildRequest>]>([
	['another definition', { definition: 'Bootstrap: scratch\n\n' }],
	['another kind', { kind: 'dockerfile' }],
	['another backend', { backend: 'buildah' }],
	['another format', { format: 'oci-archive' }],
	['another compression', { compression: 'gzip' }],
	['another architecture', { architecture: 'arm64' }],
	['another argument', { arguments: { A: '1', B: '3' } }],
	['an argument more', { arguments: { A: '1', B: '2', C: '' } }],
	['another target', { target: 'last' }],
	['a context', { context: { digest: '11'.repeat(32), size: 0, entries: 0 } }],
])('%s is another build', (_name, changes) => {
	expect(digest(changes)).not.toBe(digest());
});

it('other secrets are another build, what they hold and the order of things are not', () => {
	expect(digest({}, ['a'])).not.toBe(digest());
	expect(digest({}, ['b', 'a'])).toBe(digest());
	expect(digest({ arguments: { B: '2', A: '1' } })).toBe(digest());
	expect(digest({ buildId: 'build-0002', labels: { x: 'y' }, debug: true })).toBe(digest());
	expect(JSON.stringify(declarationOf({ ...request }, ['a']))).not.toContain('Bootstrap');
});

it('values do not run into each other', () => {
	const values = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.string({ maxLength: 4 }), {
		maxKeys: 4,
	});
	fc.assert(
		fc.property(values, values, (a, b) => {
			const sorted = (value: object): string => JSON.stringify(Object.entries(value).sort());
			expect(digest({ arguments: a }) === digest({ arguments: b })).toBe(sorted(a) === sorted(b));
		}),
	);
});
