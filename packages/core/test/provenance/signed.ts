import { generateKeyPairSync } from 'node:crypto';
import { ed25519Signer, type ProvenanceSigner } from '@olcf/container-builder-core';
import { makeStatement, type StatementFacts } from '../../src/provenance/make-statement.js';

export const SHA256 = 'ab'.repeat(32);

/** A signer with a fresh key. */
export function freshSigner(): ProvenanceSigner {
	const { privateKey } = generateKeyPairSync('ed25519');
	const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
	return ed25519Signer({ builderId: 'https://queue.example/olcf', load: async () => pem });
}

/** A statement about an image with the digest `SHA256`. */
export function statement(facts: Partial<StatementFacts['facts']> = {}) {
	return makeStatement({
		facts: {
			declaration: {
				definition: '11'.repeat(32),
				kind: 'apptainer',
				format: 'sif',
				arguments: { MIRROR: 'http://mirror.example' },
				secrets: ['token'],
				context: '22'.repeat(32),
			},
			grantedAt: 1_000_000,
			image: { size: 5, sha256: SHA256, at: 2_000_000 },
			...facts,
		},
		buildId: 'build-0001',
		user: 'alice',
		pool: 'default',
		architecture: 'amd64',
		builderId: 'b-1',
		info: {
			builderId: 'b-1',
			version: '1.0.0',
			architectures: ['amd64'],
			backends: [{ name: 'apptainer', version: '1.4.5' }],
			privilege: 'root',
		},
		imageId: 'image:1',
		signer: 'https://queue.example/olcf',
		version: '1.2.3',
	});
}
