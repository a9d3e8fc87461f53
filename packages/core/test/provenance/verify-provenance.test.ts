import {
	type DsseEnvelope,
	provenanceKey,
	provenanceKeys,
	verifyProvenance,
} from '@olcf/container-builder-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preAuthenticationEncoding } from '../../src/provenance/pre-authentication-encoding.js';
import { signStatement } from '../../src/provenance/sign-statement.js';
import { freshSigner, SHA256, statement } from './signed.js';

it('encodes what is signed as the specification’s own example', () => {
	const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
	expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

describe('a provenance', async () => {
	const signer = freshSigner();
	const key = await signer.key();
	const signed = await signStatement(statement(), signer);
	const codeOf = (envelope: unknown, sha256 = SHA256, keys = [key]): string => {
		try {
			verifyProvenance(envelope, { sha256, keys });
			return 'verified';
		} catch (error) {
			return (error as { code: string }).code;
		}
	};

	it('is verified with the key that signed it, and gives what was signed', async () => {
		const other = await freshSigner().key();
		const verified = verifyProvenance(signed, { sha256: SHA256, keys: [other, key] });
		expect(verified).toEqual({ statement: statement(), key });
		expect(signed.signatures[0]?.keyid).toBe(key.keyId);
	});

	it('says what was declared, what was told before the recipe, and apart what only the builder says', () => {
		const bases = [{ reference: 'docker.io/library/debian:12', digest: `sha256:${SHA256}` }];
		const heard = statement({ bases, backend: 'apptainer' }).predicate.buildDefinition;
		const base = { name: 'base', uri: 'docker://docker.io/library/debian:12', digest: { sha256: SHA256 } };
		expect(heard.resolvedDependencies).toContainEqual(base);
		expect(heard.internalParameters.builderReported).toMatchObject({ backend: 'apptainer' });
		const said = statement({ saidBases: bases }).predicate.buildDefinition;
		expect(said.resolvedDependencies.map(({ name }) => name)).toEqual([
			'definition',
			'context',
			'builder-image',
		]);
		expect(said.internalParameters.builderReported.bases).toEqual([base]);
	});

	it('is not another image’s, nor signed by another', async () => {
		expect(codeOf(signed)).toBe('verified');
		expect(codeOf(signed, 'cd'.repeat(32))).toBe('digest-mismatch');
		const stranger = freshSigner();
		expect(codeOf(await signStatement(statement(), stranger))).toBe('forbidden');
		// The id of a key is a hint, not a proof.
		const forged = await signStatement(statement(), stranger);
		const [signature] = forged.signatures;
		expect(codeOf({ ...forged, signatures: [{ ...signature, keyid: key.keyId }] })).toBe('forbidden');
		expect(codeOf(signed, SHA256, [])).toBe('forbidden');
	});

	it('is nothing when a bit of it has changed, wherever', () => {
		const bytes = Buffer.from(signed.payload, 'base64');
		const signature = Buffer.from(signed.signatures[0]?.sig ?? '', 'base64');
		fc.assert(
			fc.property(fc.nat(bytes.length * 8 - 1), fc.nat(511), fc.boolean(), (at, bit, inPayload) => {
				const flip = (buffer: Buffer, index: number): string => {
					const copy = Buffer.from(buffer);
					copy[index >> 3] = (copy[index >> 3] ?? 0) ^ (1 << (index & 7));
					return copy.toString('base64');
				};
				const changed = inPayload
					? { ...signed, payload: flip(bytes, at) }
					: { ...signed, signatures: [{ keyid: key.keyId, sig: flip(signature, bit) }] };
				expect(codeOf(changed)).toBe('forbidden');
			}),
		);
	});

	it('of another type is none of ours, though it is signed', async () => {
		const sign = async (payloadType: string, payload: Buffer): Promise<DsseEnvelope> => ({
			payloadType,
			payload: payload.toString('base64'),
			signatures: [
				{
					keyid: '',
					sig: Buffer.from(await signer.sign(preAuthenticationEncoding(payloadType, payload))).toString(
						'base64',
					),
				},
			],
		});
		const text = Buffer.from(JSON.stringify(statement()));
		expect(codeOf(await sign('application/json', text))).toBe('invalid-option');
		expect(codeOf(await sign('application/vnd.in-toto+json', Buffer.from('{}')))).toBe('invalid-option');
		expect(codeOf(await sign('application/vnd.in-toto+json', Buffer.from('not json')))).toBe(
			'invalid-option',
		);
		expect(codeOf({ ...signed, payloadType: 'application/json' })).toBe('forbidden');
	});

	it('that is anything else is refused in words', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (value) => {
				expect(['invalid-option', 'forbidden']).toContain(codeOf(value));
			}),
		);
	});
});

describe('keys', () => {
	it('are read from PEM, several of them from one text, and are Ed25519', async () => {
		const [a, b] = [await freshSigner().key(), await freshSigner().key()];
		expect(provenanceKeys(`${a.publicKey}\n${b.publicKey}`)).toEqual([a, b]);
		expect(() => provenanceKey('nonsense')).toThrow(/no Ed25519 key/);
		const rsa = await import('node:crypto').then(({ generateKeyPairSync }) =>
			generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }),
		);
		expect(() => provenanceKeys(`${a.publicKey}${rsa}`)).toThrow(/no Ed25519 key/);
	});
});
