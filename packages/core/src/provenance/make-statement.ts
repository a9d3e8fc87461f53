import type { Architecture, BuilderInfo, ResolvedBase } from '../spec/index.js';
import type { BuildFacts } from './build-facts.js';
import { BUILD_TYPE, type ProvenanceStatement } from './statement.js';

/** What a statement is made from: the queue's own records. */
export interface StatementFacts {
	readonly facts: BuildFacts & { readonly image: NonNullable<BuildFacts['image']> };
	readonly buildId: string;
	readonly user: string;
	readonly pool: string;
	readonly architecture: Architecture;
	readonly builderId: string;
	readonly info: BuilderInfo;
	/** Of the builder image, in the provider's words. */
	readonly imageId: string;
	/** Who signs: a URI. */
	readonly signer: string;
	/** Of the queue. */
	readonly version: string;
}

/** The statement of a queue that an image came out of a builder of its own, and of what it had told it to build. */
export function makeStatement(made: StatementFacts): ProvenanceStatement {
	const { facts, buildId, user, pool, architecture, builderId, info } = made;
	const { declaration, image, bases = [], saidBases, backend } = facts;
	const { definition, context } = declaration;
	const { version, privilege } = info;
	return {
		_type: 'https://in-toto.io/Statement/v1',
		// The name of the image is its user's affair.
		subject: [{ name: '_', digest: { sha256: image.sha256 } }],
		predicateType: 'https://slsa.dev/provenance/v1',
		predicate: {
			buildDefinition: {
				buildType: BUILD_TYPE,
				externalParameters: { ...declaration, architecture },
				internalParameters: {
					...{ user, pool, builderId },
					builderReported: {
						version,
						privilege,
						backends: info.backends.map((found) => ({ ...found })),
						...(backend === undefined ? {} : { backend }),
						...(saidBases === undefined ? {} : { bases: saidBases.map(baseResource) }),
					},
				},
				resolvedDependencies: [
					{ name: 'definition', digest: { sha256: definition } },
					...(context === undefined ? [] : [{ name: 'context', digest: { sha256: context } }]),
					{ name: 'builder-image', uri: `container-builder-image:${encodeURIComponent(made.imageId)}` },
					...bases.map(baseResource),
				],
			},
			runDetails: {
				builder: { id: made.signer, version: { 'container-builder': made.version } },
				metadata: {
					invocationId: buildId,
					startedOn: new Date(facts.grantedAt ?? image.at).toISOString(),
					finishedOn: new Date(image.at).toISOString(),
				},
			},
		},
	};
}

function baseResource({ reference, digest }: ResolvedBase): {
	name: string;
	uri: string;
	digest: Record<string, string>;
} {
	const [algorithm = '', value = ''] = digest.split(':');
	return { name: 'base', uri: `docker://${reference}`, digest: { [algorithm]: value } };
}
