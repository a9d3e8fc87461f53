import type { ProvenanceStatement } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { showProvenance } from '../src/commands/show-provenance.js';

const statement = (values: Readonly<Record<string, string>>): ProvenanceStatement => ({
	_type: 'https://in-toto.io/Statement/v1',
	subject: [{ name: '_', digest: { sha256: 'ab'.repeat(32) } }],
	predicateType: 'https://slsa.dev/provenance/v1',
	predicate: {
		buildDefinition: {
			buildType: 'https://github.com/olcf/container-builder/blob/main/docs/provenance.md#build-type-v1',
			externalParameters: {
				definition: '11'.repeat(32),
				kind: 'apptainer',
				format: 'sif',
				architecture: 'amd64',
				arguments: values,
				secrets: [],
			},
			internalParameters: {
				user: 'alice',
				pool: 'default',
				builderId: 'b-1',
				builderReported: {
					version: '1',
					backends: [{ name: 'apptainer', version: '1.4' }],
					privilege: 'root',
					bases: [{ uri: 'docker://said.example/base:1', digest: { sha256: '44'.repeat(32) } }],
				},
			},
			resolvedDependencies: [
				{ name: 'builder-image', uri: 'container-builder-image:a%2Fb' },
				{ name: 'base', uri: 'docker://heard.example/base:1', digest: { sha256: '33'.repeat(32) } },
			],
		},
		runDetails: {
			builder: { id: 'https://queue.example', version: {} },
			metadata: { invocationId: 'x', startedOn: '2026-01-01T00:00:00Z', finishedOn: '2026-01-01T00:00:01Z' },
		},
	},
});
const key = { keyId: 'cd'.repeat(32), publicKey: '' };

test('what is attested stands apart from what only the builder says', () => {
	const [attested = '', said = ''] = showProvenance('app.sif', statement({ A: 'b' }), key).split(
		'not verified',
	);
	expect(attested).toContain(`heard.example/base:1 sha256:${'33'.repeat(32)}`);
	expect(attested).toContain('builder image a/b\n');
	expect(attested).not.toContain('said.example');
	expect(said).toContain(`said.example/base:1 sha256:${'44'.repeat(32)}`);
});

test('nothing that somebody has chosen does anything to a terminal, or passes for a line of ours', () => {
	const shown = showProvenance('app.sif', statement({ A: '\u001b[2Jx\nsigned by     me' }), key);
	expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
	expect(shown.match(/^ {2}signed by /gm)).toHaveLength(1);
});
