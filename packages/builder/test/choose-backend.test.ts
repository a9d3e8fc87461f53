import type { Architecture, Backend, BuildRequest } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { chooseBackend } from '../src/build/choose-backend.js';
import { apptainer, buildah, script } from '../src/index.js';
import { request } from './support/start-builder.js';

const both = [apptainer(), buildah()];
const choose = (
	fields: Partial<BuildRequest>,
	backends: readonly Backend[] = both,
	architectures: readonly Architecture[] = ['amd64'],
): string => chooseBackend(request({ architecture: 'amd64', ...fields }), { backends, architectures }).name;

describe('chooseBackend', () => {
	it.each<[Partial<BuildRequest>, string]>([
		[{ kind: 'apptainer', format: 'sif' }, 'apptainer'],
		[{ kind: 'dockerfile', format: 'sif' }, 'buildah'],
		[{ kind: 'dockerfile', format: 'oci-archive' }, 'buildah'],
		[{ kind: 'apptainer', format: 'sif', backend: 'apptainer' }, 'apptainer'],
		[{ kind: 'dockerfile', format: 'sif', backend: 'buildah' }, 'buildah'],
	])('%j: %s', (fields, name) => {
		expect(choose(fields)).toBe(name);
	});

	it('takes the first that can, or the one that is named', () => {
		const backends = [script(['true']), ...both];
		expect(choose({ kind: 'dockerfile' }, backends)).toBe('script');
		expect(choose({ kind: 'dockerfile', backend: 'buildah' }, backends)).toBe('buildah');
	});

	it.each<[string, Partial<BuildRequest>, readonly Backend[], RegExp]>([
		['an OCI archive of a definition file', { format: 'oci-archive' }, both, /oci-archive.*apptainer/],
		[
			'a Dockerfile by apptainer',
			{ kind: 'dockerfile', backend: 'apptainer' },
			both,
			/the backend apptainer .*dockerfile/,
		],
		['a stranger', { backend: 'kaniko' }, both, /kaniko/],
		['no backends', {}, [], /a backend/],
	])('refuses %s', (_, fields, backends, message) => {
		expect(() => choose(fields, backends)).toThrow(
			expect.objectContaining({
				code: 'unsupported',
				message: expect.stringMatching(message),
				hint: backends.length === 0 ? 'It has: none.' : 'It has: apptainer, buildah.',
			}),
		);
	});

	it('refuses an architecture that the machine does not run', () => {
		expect(() => choose({ architecture: 'arm64' })).toThrow(
			expect.objectContaining({ code: 'unsupported', hint: 'It builds for: amd64.' }),
		);
		expect(choose({ architecture: 'arm64' }, both, ['amd64', 'arm64'])).toBe('apptainer');
	});
});
