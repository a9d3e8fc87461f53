import type { DefinitionKind, Format } from './builder.js';

/**
 * What will be built, told to the queue before there is a builder, for a provenance of the image. The builder refuses
 * whatever else it is then asked to build.
 */
export interface BuildDeclaration {
	/** SHA-256 of the definition's text in UTF-8. */
	readonly definition: string;
	readonly kind: DefinitionKind;
	readonly backend?: string | undefined;
	readonly format: Format;
	readonly compression?: 'zstd' | 'gzip' | undefined;
	readonly arguments: Readonly<Record<string, string>>;
	readonly target?: string | undefined;
	/** Ids of the secrets, sorted; never what they hold. */
	readonly secrets: readonly string[];
	/** SHA-256 of the context's manifest. */
	readonly context?: string | undefined;
}

/** A signed document (DSSE 1.0, https://github.com/secure-systems-lab/dsse). */
export interface DsseEnvelope {
	/** The type of the document: `application/vnd.in-toto+json`. */
	readonly payloadType: string;
	/** The document in base64. */
	readonly payload: string;
	readonly signatures: readonly {
		readonly keyid: string;
		/** In base64. */
		readonly sig: string;
	}[];
}

/** What a provenance is verified with. */
export interface ProvenanceKey {
	/** SHA-256 of the key in DER, 64 lower-case hexadecimal digits. */
	readonly keyId: string;
	/** Ed25519, SubjectPublicKeyInfo in PEM. */
	readonly publicKey: string;
}

/** Signs what a queue knows of its builds. The key stays with it: no builder ever sees it. */
export interface ProvenanceSigner {
	/** Who the queue says it is: a URI, `builder.id` of SLSA. */
	readonly builderId: string;
	key(): Promise<ProvenanceKey>;
	/** An Ed25519 signature (RFC 8032) of these bytes. */
	sign(bytes: Uint8Array): Promise<Uint8Array>;
}
