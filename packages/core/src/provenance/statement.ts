import type { BuildDeclaration } from '../spec/index.js';

/** The type of an in-toto statement in a DSSE envelope (in-toto Attestation Framework, spec/v1/envelope.md). */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** What the parameters of a build mean: docs/provenance.md. */
export const BUILD_TYPE =
	'https://github.com/olcf/container-builder/blob/main/docs/provenance.md#build-type-v1';

/** Something that a build was made from (in-toto ResourceDescriptor). */
export interface ProvenanceResource {
	readonly name?: string | undefined;
	readonly uri?: string | undefined;
	/** By the name of the algorithm, such as `sha256`; in hexadecimal digits. */
	readonly digest?: Readonly<Record<string, string>> | undefined;
}

/**
 * An in-toto statement (https://in-toto.io/Statement/v1) with the predicate SLSA Provenance v1
 * (https://slsa.dev/spec/v1.0/provenance). What its parameters mean: docs/provenance.md.
 */
export interface ProvenanceStatement {
	readonly _type: 'https://in-toto.io/Statement/v1';
	/** The one image. */
	readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
	readonly predicateType: 'https://slsa.dev/provenance/v1';
	readonly predicate: {
		readonly buildDefinition: {
			readonly buildType: typeof BUILD_TYPE;
			readonly externalParameters: BuildDeclaration & { readonly architecture: string };
			readonly internalParameters: {
				readonly user: string;
				readonly pool: string;
				readonly builderId: string;
				/** What the builder alone says: nothing there is attested. */
				readonly builderReported: {
					/** Of the daemon. */
					readonly version: string;
					readonly backends: readonly { readonly name: string; readonly version: string }[];
					readonly privilege: 'root' | 'user-namespace';
					readonly backend?: string | undefined;
					readonly bases?: readonly ProvenanceResource[] | undefined;
				};
			};
			readonly resolvedDependencies: readonly ProvenanceResource[];
		};
		readonly runDetails: {
			/** The queue. */
			readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
			readonly metadata: {
				/** The build's id. */
				readonly invocationId: string;
				readonly startedOn: string;
				readonly finishedOn: string;
			};
		};
	};
}
